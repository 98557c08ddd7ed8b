import { Injectable, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AutoBackup, AutoBackupModule } from 'sqlite-autobackup/nestjs';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { memoryLogger } from '../support/memory-logger';
import { until } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

/** A promise that somebody else resolves. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  return { opened: new Promise<void>((resolve) => (open = resolve)), open: () => open() };
}

/** An app with a job that no request waits for, as a queue or a timer calls it. */
async function appWithJob() {
  const [backup, work] = [gate(), gate()];
  const snapshotter = fakeSnapshotter();
  snapshotter.gate = backup.opened;
  const order: string[] = [];

  @Injectable()
  class Jobs implements BeforeApplicationShutdown {
    @AutoBackup()
    async closeMonth(): Promise<void> {
      order.push('begun');
      await work.opened;
      order.push('done');
    }
    beforeApplicationShutdown(): void {
      order.push('shutdown began');
    }
  }
  const options = { database: folder.file(`${++apps}.db`), snapshotter, logger: memoryLogger() };
  @Module({ imports: [AutoBackupModule.forRoot(options)], providers: [Jobs] })
  class App {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  const close = async (): Promise<void> => {
    await app.close();
    order.push('closed');
  };
  return { jobs: app.get(Jobs), close, order, snapshotter, backup, work };
}
let apps = 0;

test('a job that waits for its backup when the app shuts down is refused, and not begun', async () => {
  const { jobs, close, order, snapshotter, backup } = await appWithJob();
  const refused = jobs.closeMonth().catch((error: unknown) => error);
  await until(() => snapshotter.requests.length === 1);
  const closing = close();
  await until(() => order.includes('shutdown began'));
  backup.open();
  expect(await refused).toMatchObject({
    code: 'ERR_BACKUP_SHUTTING_DOWN',
    message: expect.stringContaining('Jobs.closeMonth was not run: the app is shutting down'),
  });
  await closing;
  expect(order).toEqual(['shutdown began', 'closed']);
});

test('a job that its backup let in before the shutdown is waited for', async () => {
  const { jobs, close, order, backup, work } = await appWithJob();
  const job = jobs.closeMonth();
  backup.open();
  await until(() => order.includes('begun'));
  const closing = close();
  await until(() => order.includes('shutdown began'));
  // Whatever a shutdown that does not wait would need has had its turn.
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  expect(order).toEqual(['begun', 'shutdown began']);
  work.open();
  await Promise.all([job, closing]);
  expect(order).toEqual(['begun', 'shutdown began', 'done', 'closed']);
});
