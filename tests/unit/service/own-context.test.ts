import { AsyncLocalStorage } from 'node:async_hooks';
import { BackupService, withAutoBackup } from 'sqlite-autobackup';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

test('what a request makes due (log lines, events) runs outside of its async context; its method runs in it', async () => {
  const request = new AsyncLocalStorage<string>();
  const seen: [what: string, store: string | undefined][] = [];
  const see = (what: string) => void seen.push([what, request.getStore()]);
  const snapshotter = fakeSnapshotter();
  const log = () => see('log');
  const logger = { info: log, warn: log, error: log };
  const service = new BackupService({ database: folder.file('app.db'), snapshotter, logger, retryAfter: 0 });
  service.on('failed', () => see('failed'));
  service.on('created', () => see('created'));
  const method = withAutoBackup(async () => see('method'), { service });
  snapshotter.failure = new Error('no such luck');
  await request.run('first', () => method());
  snapshotter.failure = undefined;
  await request.run('second', () => method());
  await service.whenIdle();
  expect(seen.filter(([what]) => what === 'method')).toEqual([
    ['method', 'first'],
    ['method', 'second'],
  ]);
  const others = seen.filter(([what]) => what !== 'method');
  expect(new Set(others.map(([what]) => what))).toEqual(new Set(['log', 'failed', 'created']));
  expect(others.filter(([, store]) => store !== undefined)).toEqual([]);
});
