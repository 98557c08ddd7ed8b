import fs from 'node:fs';
import { useDashboard } from './support';

const dash = useDashboard();

test('api/health says up or down, and no more, to whoever authorize() gives that right alone', async () => {
  const service = dash.service();
  const { name } = await service.createBackup();
  await dash.serve(service, {
    authorize: ({ url }) => (new URL(url).pathname.endsWith('/api/health') ? { health: true } : false),
  });
  const good = await dash.get('/api/health');
  expect(good.status).toBe(200);
  expect(Object.keys(JSON.parse(good.text) as object)).toEqual(['status', 'level']);
  expect(JSON.parse(good.text)).toMatchObject({ status: 'up' });
  expect((await dash.get('/api/status')).status).toBe(403);
  expect((await dash.get('/')).status).toBe(403);

  for (const file of fs.readdirSync(dash.temp.path).filter((each) => each.includes('_backup_'))) {
    fs.rmSync(dash.temp.file(file));
  }
  const bad = await dash.get('/api/health');
  expect({ status: bad.status, body: JSON.parse(bad.text) as object }).toEqual({
    status: 503,
    body: { status: 'down', level: 'bad' },
  });
  expect(bad.text).not.toContain(name);
});
