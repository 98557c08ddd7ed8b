import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { register } from 'prom-client';
import { BackupService } from 'sqlite-autobackup';
import { AutoBackupModule } from 'sqlite-autobackup/nestjs';
import { instrumentAutoBackup } from 'sqlite-autobackup/otel';
import { collectBackupMetrics } from 'sqlite-autobackup/prometheus';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const options = (name: string) => ({
  database: folder.file(`${name}.db`),
  snapshotter: fakeSnapshotter(),
  logger: memoryLogger(),
});
const due = (database: string) => `sqlite_autobackup_due{database="${database}.db"} 1`;

test('one option of the module follows its service, and that of another module, until the application is closed', async () => {
  @Module({
    imports: [
      AutoBackupModule.forRoot({ ...options('app'), telemetry: collectBackupMetrics }),
      AutoBackupModule.forRootAsync({
        name: 'orders',
        telemetry: [instrumentAutoBackup, collectBackupMetrics],
        useFactory: () => options('orders'),
      }),
    ],
  })
  class App {}
  for (let round = 0; round < 2; round++) {
    const app = await Test.createTestingModule({ imports: [App] }).compile();
    await app.init();
    const text = await register.metrics();
    expect(text).toContain(due('app'));
    expect(text).toContain(due('orders'));
    await app.close();
    expect(await register.metrics()).toBe('\n');
  }
});

test('without the option nothing is followed', async () => {
  const imports = [AutoBackupModule.forRoot(options('app'))];
  const app = await Test.createTestingModule({ imports }).compile();
  expect(await register.metrics()).toBe('\n');
  await app.close();
});

test("a test's double in the place of the service is not followed", async () => {
  const imports = [AutoBackupModule.forRoot({ ...options('app'), telemetry: collectBackupMetrics })];
  const double = { backupIfDue: async () => ({ status: 'fresh' }) };
  const app = await Test.createTestingModule({ imports }).overrideProvider(BackupService).useValue(double).compile();
  await app.init();
  expect(await register.metrics()).not.toContain('database=');
  await app.close();
});
