import type { BackupProgress } from 'sqlite-autobackup';
import { SingleFlight } from '#dist/util/single-flight.js';
import { callSafely } from '#dist/util/call-safely.js';
import { createLedger } from '../../support/databases';
import { PACKAGE, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

test('what it throws and what its promise rejects with are told, and go no further', async () => {
  const told: unknown[] = [];
  const tell = (error: unknown) => told.push(error);
  callSafely(() => {
    throw new Error('at once');
  }, tell);
  callSafely(() => Promise.reject(new Error('later')), tell);
  callSafely(() => 42, tell);
  await new Promise(setImmediate);
  expect(told).toEqual([new Error('at once'), new Error('later')]);
});

test('one progress listener that throws does not keep the progress from those beside it', async () => {
  const progress: BackupProgress = { step: 'copy', doneBytes: 50, totalBytes: 100 };
  const beside = jest.fn();
  let land!: (value: string) => void;
  const flight = new SingleFlight<string>(async ({ onProgress }) => {
    const landed = await new Promise<string>((resolve) => (land = resolve));
    onProgress!(progress);
    return landed;
  });
  const bad = flight.join({
    onProgress() {
      throw new Error('a progress bar');
    },
  });
  const good = flight.join({ onProgress: beside });
  land('made');
  expect(await Promise.all([bad, good])).toEqual(['made', 'made']);
  expect(beside.mock.calls).toEqual([[progress]]);
});

// Jest gives its tests a `process` that never emits 'unhandledRejection'.
test('an async onProgress or retention policy that rejects is no unhandled rejection: the backups are taken', () => {
  createLedger(folder.file('app.db'), 'wal').close();
  const found = runNode(
    `
      const { BackupService } = require(${JSON.stringify(PACKAGE)});
      const database = process.argv[1] + '/app.db';
      const unhandled = [], failed = [];
      process.on('unhandledRejection', (error) => unhandled.push(error.message));
      const logger = { info() {}, warn() {}, error() {} };
      const retention = async () => { throw new Error('the policy'); };
      const service = new BackupService({ database, logger, interval: 0, retention });
      service.on('failed', ({ error }) => failed.push(error.code));
      let calls = 0;
      const onProgress = async () => { calls += 1; throw new Error('a progress bar'); };
      (async () => {
        await service.createBackup({ onProgress });
        const { status } = await service.backupIfDue({ onProgress });
        console.log(JSON.stringify({ status, called: calls > 10, failed, unhandled }));
      })();
    `,
    { args: [folder.path] },
  );
  const failed = Array(2).fill('ERR_BACKUP_RETENTION_FAILED');
  expect(found).toEqual({ status: 'created', called: true, failed, unhandled: [] });
});
