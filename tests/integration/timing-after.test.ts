import fs from 'node:fs';
import Database from 'better-sqlite3';
import { AutoBackup, BackupService, childProcessSnapshotter } from 'sqlite-autobackup';
import type { BackupEvents, BackupServiceOptions, Snapshotter } from 'sqlite-autobackup';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { runNode } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
let ledger: Database.Database;
beforeEach(() => void (ledger = createLedger(folder.file('app.db'), 'wal')));
afterEach(() => void ledger.close());

const backups = () => folder.list().filter((name) => /^app_backup_.*\.db$/.test(name));

/** The child process, but it does not begin before `open()` is called. */
function gatedSnapshotter() {
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const real = childProcessSnapshotter();
  const asked: (string | undefined)[] = [];
  const snapshotter: Snapshotter = {
    ...real,
    async create(request, control) {
      asked.push(request.label);
      await gate;
      return real.create(request, control);
    },
  };
  return { snapshotter, open, asked };
}

function serviceWith(options: Partial<BackupServiceOptions>) {
  const { lines: log, ...logger } = memoryLogger();
  const service = new BackupService({ database: folder.file('app.db'), logger, ...options });
  return { service, log };
}

/** What the service reports next. */
function next<E extends keyof BackupEvents>(service: BackupService, event: E): Promise<BackupEvents[E]> {
  return new Promise((resolve) => service.on(event, resolve));
}

/** By then, whatever an answered call has set off is under way. */
const soon = () => new Promise((resolve) => setImmediate(resolve));

/** Waits until the snapshotter is asked: the folder is looked at first. */
async function begun(asked: readonly unknown[]): Promise<void> {
  for (let turns = 0; asked.length === 0 && turns < 100_000; turns++) await soon();
}

class Till {
  constructor(readonly service: BackupService) {}

  @AutoBackup({ timing: 'after', service: (self: Till) => self.service })
  async sell(amount: number): Promise<string> {
    addEntry(ledger, amount);
    return `sold for ${amount}`;
  }

  @AutoBackup({ timing: 'after', service: (self: Till) => self.service })
  async fail(error: Error): Promise<never> {
    throw error;
  }

  @AutoBackup({ timing: 'after', service: (self: Till) => self.service })
  failAtOnce(error: Error): Promise<never> {
    throw error;
  }

  @AutoBackup({ timing: 'after', blocking: true, service: (self: Till) => self.service })
  sellSync(amount: number): string {
    addEntry(ledger, amount);
    return `sold for ${amount}`;
  }
}

describe('the answer', () => {
  test('comes while the backup is still being made; the backup follows, with what the method did', async () => {
    const { snapshotter, open, asked } = gatedSnapshotter();
    const { service, log } = serviceWith({ snapshotter });
    const created = next(service, 'created');

    // If the answer waited for the backup, this would hang: the gate is opened only after it.
    expect(await new Till(service).sell(5)).toBe('sold for 5');
    await begun(asked);
    expect(asked).toEqual(['Till.sell']);
    expect(backups()).toEqual([]);
    expect(log).toEqual([]);

    open();
    const { backup } = await created;
    expect(backups()).toEqual([backup.name]);
    expect(checkLedger(backup.path)).toEqual({ entries: 1 });
    expect(log).toEqual([expect.stringContaining(`info Automatic backup created after Till.sell: ${backup.name}`)]);
  });

  test('of a method that returns a value comes at once too: nothing blocks', async () => {
    const { snapshotter, open, asked } = gatedSnapshotter();
    const { service } = serviceWith({ snapshotter });
    const created = next(service, 'created');

    expect(new Till(service).sellSync(5)).toBe('sold for 5');
    await begun(asked);
    expect(asked).toEqual(['Till.sellSync']);
    expect(backups()).toEqual([]);

    open();
    expect(checkLedger((await created).backup.path)).toEqual({ entries: 1 });
  });

  test('is given to all who call meanwhile, and one backup is made for them', async () => {
    const { snapshotter, open, asked } = gatedSnapshotter();
    const { service } = serviceWith({ snapshotter });
    const created = next(service, 'created');
    const till = new Till(service);

    expect(await Promise.all([till.sell(1), till.sell(2), till.sell(3)])).toHaveLength(3);
    await begun(asked);
    expect(asked).toEqual(['Till.sell']);

    open();
    await created;
    await till.sell(4);
    await service.whenIdle();
    expect(asked).toEqual(['Till.sell']);
    expect(backups()).toHaveLength(1);
  });
});

describe('a method that fails', () => {
  test.each(['fail', 'failAtOnce'] as const)(
    'takes no backup, and its own error is passed on (%s); the next one that succeeds takes it',
    async (method) => {
      const { snapshotter, open, asked } = gatedSnapshotter();
      open();
      const { service, log } = serviceWith({ snapshotter });
      const till = new Till(service);
      const error = new Error('no change left');

      // An async function around it: failAtOnce() throws instead of rejecting, as it would without the decorator.
      await expect((async () => till[method](error))()).rejects.toBe(error);
      await soon();
      expect(asked).toEqual([]);
      expect(log).toEqual([]);
      expect(service.shouldBackup()).toBe(true);

      const created = next(service, 'created');
      await till.sell(1);
      await created;
      expect(asked).toEqual(['Till.sell']);
    },
  );
});

describe('a backup that fails', () => {
  test('is logged and emitted once, and the answer is given', async () => {
    const { service, log } = serviceWith({ database: folder.file('gone.db') });
    const failed = next(service, 'failed');

    expect(await new Till(service).sell(5)).toBe('sold for 5');

    const { error, label, retryAt } = await failed;
    expect(error).toMatchObject({ name: 'BackupError', code: 'ERR_BACKUP_SOURCE_MISSING' });
    expect(label).toBe('Till.sell');
    expect(retryAt).toBeInstanceOf(Date);
    expect(log).toEqual([
      expect.stringContaining('error Automatic backup FAILED after Till.sell [ERR_BACKUP_SOURCE_MISSING]'),
    ]);
    expect(checkLedgerOfApp()).toEqual({ entries: 1 });
  });

  test('is not tried again at every call, and the log says once that it is not', async () => {
    const { service, log } = serviceWith({ database: folder.file('gone.db') });
    const failed = next(service, 'failed');
    const till = new Till(service);
    await till.sell(1);
    await failed;
    // The attempt goes on until it is on record; a call before that would join it.
    await service.whenIdle();
    log.length = 0;

    await till.sell(2);
    await till.sell(3);
    await begun(log);
    await service.whenIdle();
    expect(log).toEqual([expect.stringContaining('warn Automatic backup skipped after Till.sell')]);
  });

  // Jest gives its tests a `process` that never emits 'unhandledRejection', so these run in a process of their own.
  describe('is never an unhandled rejection', () => {
    const CASES = {
      'the database is missing': `{ database: folder + '/gone.db' }`,
      'the folder cannot be listed': `{ database, directory: folder + '/gone' }`,
      'the snapshotter rejects': `{ database, snapshotter: { ...childProcessSnapshotter(), create: async () => { throw new Error('no') } } }`,
      'the snapshotter throws': `{ database, snapshotter: { ...childProcessSnapshotter(), create() { throw undefined } } }`,
      'a listener and the logger throw as well': `{ database: folder + '/gone.db', logger: { info: fail, warn: fail, error: fail } }`,
    };

    test.each(Object.entries(CASES))('when %s', (_, options) => {
      expect(run(options)).toEqual({
        answers: ['sold', 'sold for cash'],
        failures: ['after a sale'],
        unhandled: [],
      });
    });

    test('(and this watch sees one where there is one)', () => {
      expect(run(`{ database: folder + '/gone.db' }`, 'Promise.reject(new Error("unnoticed"));').unhandled).toEqual([
        'Error: unnoticed',
      ]);
    });

    function run(options: string, also = ''): { answers: string[]; failures: string[]; unhandled: string[] } {
      const script = `
        const { BackupService, childProcessSnapshotter, withAutoBackup } = require('sqlite-autobackup');
        const unhandled = [], failures = [], answers = [];
        process.on('unhandledRejection', (error) => unhandled.push(String(error)));
        const fail = () => { throw new Error('the logger is broken'); };
        const quiet = { info() {}, warn() {}, error() {} };
        const folder = process.argv[1], database = folder + '/app.db';
        const service = new BackupService({ logger: quiet, ...${options} });
        service.on('failed', ({ label }) => failures.push(label));
        service.on('failed', async () => { throw new Error('the listener is broken'); });
        const options = { timing: 'after', service, label: 'after a sale' };
        const sell = withAutoBackup(async () => 'sold', options);
        const sellForCash = withAutoBackup(() => 'sold for cash', { ...options, blocking: true });
        (async () => {
          answers.push(await sell());
          answers.push(sellForCash());
          ${also}
        })();
        // When all is over: the child too.
        process.on('exit', () => console.log(JSON.stringify({ answers, failures, unhandled })));
      `;
      return runNode(script, { args: [folder.path] });
    }
  });

  /** The live one, through the connection that the test has anyway. */
  function checkLedgerOfApp(): unknown {
    return ledger.prepare('SELECT entries FROM totals').get();
  }
});

test('a fresh backup is enough: none is taken after the method', async () => {
  const { snapshotter, open, asked } = gatedSnapshotter();
  open();
  const { service, log } = serviceWith({ snapshotter });
  await service.createBackup({ label: 'by hand' });
  log.length = 0;

  await new Till(service).sell(5);
  await soon();
  expect(asked).toEqual(['by hand']);
  expect(log).toEqual([]);
});

test('a backup after the method is due again when the last one is eight days old', async () => {
  const { service } = serviceWith({ recheckInterval: 0 });
  const till = new Till(service);
  const first = next(service, 'created');
  await till.sell(1);
  const { backup } = await first;
  // The event comes before the end of the attempt, which a call would join.
  await service.backupIfDue();

  const then = new Date(Date.now() - 8 * 24 * 3_600_000);
  fs.utimesSync(backup.path, then, then);
  const second = next(service, 'created');
  await till.sell(2);
  expect(checkLedger((await second).backup.path)).toEqual({ entries: 2 });
});
