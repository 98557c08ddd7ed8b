import path from 'node:path';
import { startApp } from './app-process';
import { describeFramework } from './contract';

describeFramework({ app: 'tsed', features: { openapi: true, observable: true, middleware: true, container: true } });

test('a request that an interceptor turns away takes no backup if the interceptor is above, and one if it is below', async () => {
  const cwd = path.join(__dirname, 'tsed');
  const app = await startApp({ cwd, args: ['build/main.js'], service: 'default' });
  const post = async (place: string) => (await fetch(`${app.url}/closed/${place}`, { method: 'POST' })).status;
  expect([await post('above'), app.backups()]).toEqual([403, []]);
  expect(await post('below')).toBe(403);
  expect(app.backups()).toMatchObject([{ label: 'ClosedController.interceptorBelow' }]);
  expect(await app.stop()).toBe(0);
});
