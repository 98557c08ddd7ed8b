// What a Nest app's own tests do, and what its author forgets.
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import { AutoBackup, AutoBackupModule } from 'sqlite-autobackup/nestjs';
import { rejectionOf } from '../support/errors';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

@Injectable()
class Stock {
  @AutoBackup()
  async wipe(): Promise<string> {
    return 'wiped';
  }

  @AutoBackup({ onFailure: 'abort' })
  async close(): Promise<string> {
    return 'closed';
  }

  @AutoBackup({ timing: 'after' })
  async count(): Promise<string> {
    return 'counted';
  }

  @AutoBackup({ blocking: true, onFailure: 'abort' })
  total(): number {
    return 42;
  }
}

/** The provider, in an app whose BackupService a test has replaced. */
async function stockWith(replacement: unknown): Promise<Stock> {
  const testing = await Test.createTestingModule({
    imports: [AutoBackupModule.forRoot({ database: folder.file('app.db') })],
    providers: [Stock],
  })
    .overrideProvider(BackupService)
    .useValue(replacement)
    .compile();
  return testing.get(Stock);
}

test('overrideProvider() with a double: it is asked for the backup, and no other service', async () => {
  const backupIfDue = jest.fn(async () => ({ status: 'fresh' }));
  const backupIfDueSync = jest.fn(() => ({ status: 'fresh' }));
  const stock = await stockWith({ backupIfDue, backupIfDueSync });
  expect([await stock.wipe(), await stock.count(), stock.total()]).toEqual(['wiped', 'counted', 42]);
  expect(backupIfDue.mock.calls).toEqual([[{ label: 'Stock.wipe' }], [{ label: 'Stock.count', moment: 'after' }]]);
  expect(backupIfDueSync.mock.calls).toEqual([[{ label: 'Stock.total' }]]);
});

test('a double that answers nothing does no harm', async () => {
  const stock = await stockWith({ backupIfDue: jest.fn(), backupIfDueSync: jest.fn() });
  const done = [await stock.wipe(), await stock.close(), await stock.count(), stock.total()];
  expect(done).toEqual(['wiped', 'closed', 'counted', 42]);
});

test('useFactory makes objects without the container: the message says so', async () => {
  const testing = await Test.createTestingModule({
    imports: [AutoBackupModule.forRoot({ database: folder.file('app.db') })],
    providers: [{ provide: Stock, useFactory: () => new Stock() }],
  }).compile();
  const error = await rejectionOf(testing.get(Stock).wipe());
  expect(error.code).toBe('ERR_BACKUP_NOT_CONFIGURED');
  expect(error.message).toContain('Stock.wipe was not run: its object was made without the container');
});

test('overrideProvider() with what is no service: the method does not run, and the process default is not asked', async () => {
  const snapshotter = fakeSnapshotter();
  configureAutoBackup({ database: folder.file('default.db'), snapshotter, logger: memoryLogger() });
  const error = await rejectionOf((await stockWith({})).wipe());
  expect(error.code).toBe('ERR_BACKUP_NOT_CONFIGURED');
  expect(error.message).toContain(
    'Stock.wipe was not run: its container has no service, but another object, for BackupService',
  );
  expect(snapshotter.requests).toEqual([]);
});

describe('what is forgotten is noticed when the app boots', () => {
  const boot = (imported: object) =>
    Test.createTestingModule({ imports: [imported as typeof AutoBackupModule] }).compile();

  test('forRoot() after AutoBackupModule: the message says what to import', async () => {
    await expect(boot(AutoBackupModule)).rejects.toThrow('import AutoBackupModule.forRoot({ database }), not');
  });

  test.each<[string, () => object]>([
    ['forRoot() without options', () => (AutoBackupModule.forRoot as () => object)()],
    ['a factory that returns nothing', () => AutoBackupModule.forRootAsync({ useFactory: () => undefined as never })],
  ])('%s: the option that is missing is named', async (_, imported) => {
    const error = await rejectionOf(boot(imported()));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
    expect(error.message).toContain('the option "database" is missing');
  });
});
