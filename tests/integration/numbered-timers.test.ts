import fs from 'node:fs';
import { PACKAGE, runNode } from '../support/run-node';
import { createLedger } from '../support/databases';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

test('in a process whose timers are numbers without unref(), as of jsdom and of Electron’s renderer, everything works', () => {
  createLedger(folder.file('app.db'), 'wal').close();
  fs.mkdirSync(folder.file('nas'));
  const result = runNode<Record<string, unknown>>(
    `const known = new Map();
    const numbered = (start) => (...args) => (known.set(known.size, start(...args)), known.size - 1);
    for (const kind of ['Timeout', 'Interval']) {
      const clear = globalThis['clear' + kind];
      globalThis['set' + kind] = numbered(globalThis['set' + kind]);
      globalThis['clear' + kind] = (id) => clear(known.get(id));
    }
    globalThis.setImmediate = undefined;
    const uncaught = [];
    for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => uncaught.push(String(error)));
    const { BackupService, directoryStore, withAutoBackup } = require(${JSON.stringify(PACKAGE)});
    const [database, nas] = process.argv.slice(-2);
    const logger = { info() {}, warn() {}, error() {} };
    const service = new BackupService({ database, logger, copies: [directoryStore(nas, { host: 'h' })] });
    (async () => {
      const twice = withAutoBackup(async (n) => n * 2, { service, label: 'twice' });
      const answers = [await twice(1), await twice(2)];
      const stop = service.startMonitor();
      const [{ errors }] = await service.shipPending();
      const [{ name }] = await service.listBackups();
      const { ok } = await service.verifyBackup(name, { level: 'drill' });
      const { status } = service.backupIfDueSync();
      stop();
      await service.whenIdle();
      console.log(JSON.stringify({ answers, errors, ok, status, uncaught }));
    })();`,
    { args: [folder.file('app.db'), folder.file('nas')] },
  );
  expect(result).toEqual({ answers: [2, 4], errors: [], ok: true, status: 'fresh', uncaught: [] });
});
