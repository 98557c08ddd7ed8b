import assert from 'node:assert/strict';
import fs from 'node:fs';
import { inspect } from 'node:util';
import { BackupService } from '../service/backup-service.js';
import type { DatabaseSource } from '../sources/database-source.js';
import { isBackupError } from '../util/errors.js';
import { setImmediate } from '../util/timers.js';
import { runnerOr } from './runner.js';
import type { TestRunner } from './runner.js';

/** What one test of {@link describeDatabaseSource} works with. */
export interface OpenedSource {
  /** What the `database` option is given. The database is empty, and nobody else's. */
  readonly database: string | DatabaseSource;
  /** Absolute path of an empty folder for the backups. */
  readonly directory: string;
  /** Runs one statement; resolves when its commit is acknowledged. */
  readonly execute: (sql: string) => Promise<void> | void;
  /** Resolves with the first value of a SELECT that sees all acknowledged commits. */
  readonly ask: (sql: string) => unknown;
  /** Removes what the test has left. */
  readonly close?: () => Promise<void> | void;
}

/** How {@link describeDatabaseSource} runs. */
export interface SourceSuiteOptions {
  /** Default: the global `describe` and `test`. */
  readonly runner?: TestRunner;
  /** For each test. Default 120,000. */
  readonly timeoutMs?: number;
  /** `false`: backups cannot be put back into it, which it refuses with `ERR_BACKUP_SOURCE_UNSUPPORTED`. Default `true`. */
  readonly restores?: boolean;
}

interface Fixture extends OpenedSource {
  readonly service: BackupService;
  /** Adds rows, whose ids have no gaps. */
  readonly add: (rows: number) => Promise<void>;
  readonly count: () => Promise<number>;
}

/**
 * Defines the tests that hold a {@link DatabaseSource} to its contract, through a `BackupService` and its child process. Call it
 * in a test file:
 *
 * @example describeDatabaseSource('my source', async () => ({ database: mySource(), ...(await aServer()) }));
 * @param open makes an empty database for each test
 */
export function describeDatabaseSource(
  title: string,
  open: () => Promise<OpenedSource> | OpenedSource,
  { runner, timeoutMs = 120_000, restores = true }: SourceSuiteOptions = {},
): void {
  const { describe, test } = runnerOr(runner);
  const proves: Proves = (behaviour, prove) => {
    const run = async (): Promise<void> => {
      const opened = await open();
      try {
        const fixture = fixtureOf(opened);
        await opened.execute('CREATE TABLE contract (id INTEGER PRIMARY KEY, body TEXT)');
        await fixture.add(20);
        await prove(fixture);
      } finally {
        await opened.close?.();
      }
    };
    test(behaviour, run, timeoutMs);
  };

  describe(`${title} is a DatabaseSource`, () => {
    proveDescription(proves);
    proveBackups(proves);
    proveWhatFollows(proves);
    if (restores) proveRestore(proves);
    else proveRefusedRestore(proves);
  });
}

/** Defines one test. */
type Proves = (behaviour: string, prove: (fixture: Fixture) => Promise<void>) => void;

function proveDescription(proves: Proves): void {
  proves('it has a name and a description, and its recipe is not printed', async ({ database }) => {
    await Promise.resolve();
    if (typeof database === 'string') return;
    assert.notEqual(database.name, '');
    assert.notEqual(database.description, '');
    assert.equal(typeof database.recipe.module, 'string');
    assert.ok(!inspect(database, { depth: 9 }).includes('recipe'), 'inspect() does not show the recipe');
    assert.ok(!JSON.stringify(database).includes('recipe'), 'JSON does not have the recipe');
  });

  proves('its facts are in the status, and its size is that of the next backup', async ({ service }) => {
    const { database } = await service.status();
    assert.equal(database.error, undefined);
    assert.ok((database.sizeBytes ?? 0) > 0, 'its size is known');
    assert.match(String(database.journalMode), /^(wal|delete)$/);
  });
}

function proveBackups(proves: Proves): void {
  proves('a backup is one plain file that passes every check, with nothing beside it', async (fixture) => {
    const { service, directory } = fixture;
    const { name, path, manifest } = await service.createBackup();
    const header = fs.readFileSync(path).subarray(0, 20);
    assert.deepEqual([header[18], header[19]], [1, 1], 'it is in DELETE mode');
    for (const level of ['quick', 'full', 'drill'] as const) {
      assert.deepEqual((await service.verifyBackup(name, { level })).problems, [], level);
    }
    assert.equal(manifest?.sizeBytes, manifest!.pageCount * manifest!.pageSize);
    const visible = fs.readdirSync(directory).filter((file) => !file.startsWith('.'));
    assert.equal(visible.filter((file) => file.includes('_backup_')).length, 2, 'the backup and its manifest');
    assert.deepEqual(unfinishedIn(directory), []);
  });

  proves('it holds all that was acknowledged before it began, whoever writes meanwhile', async (fixture) => {
    const { service } = fixture;
    const writer = startWriter(fixture);
    try {
      for (let i = 0; i < 3; i++) {
        const acknowledged = writer.acknowledged();
        const { name } = await service.createBackup();
        const { rows } = await service.queryBackup(name, 'SELECT count(*), max(id) FROM contract');
        const [count, last] = rows[0]!.map(Number);
        assert.ok(count! >= acknowledged, `${count} rows, and ${acknowledged} were acknowledged before it began`);
        assert.equal(count, last, 'it is one state: no row is missing in the middle');
        await writer.more();
      }
    } finally {
      await writer.stop();
    }
  });
}

function proveWhatFollows(proves: Proves): void {
  proves('a changed schema is in the next backup, and diff tells both changes', async ({ service, execute, add }) => {
    const { name } = await service.createBackup();
    await execute('CREATE TABLE later (a)');
    await add(3);
    const { schema, tables } = await service.diffBackup(name);
    assert.deepEqual(
      schema.added.map((each) => each.name),
      ['later'],
    );
    assert.equal(tables.find((table) => table.name === 'contract')?.added, 3);
    const next = await service.createBackup();
    assert.equal((await service.queryBackup(next.name, 'SELECT count(*) FROM later')).rows.length, 1);
  });

  proves('a backup that is cancelled leaves nothing', async ({ service, directory }) => {
    const controller = new AbortController();
    const creating = service.createBackup({
      signal: controller.signal,
      onProgress: ({ step }) => step === 'copy' && controller.abort(new Error('enough')),
    });
    await rejectsWith('ERR_BACKUP_CANCELLED', creating);
    assert.deepEqual(await service.listBackups(), []);
    assert.deepEqual(unfinishedIn(directory), []);
  });
}

function proveRestore(proves: Proves): void {
  proves('a restore brings the backup back, and can itself be undone', async ({ service, add, count, execute }) => {
    const { name } = await service.createBackup();
    await add(5);
    await execute('DELETE FROM contract WHERE id < 3');
    const report = await service.restoreBackup(name);
    assert.equal(await count(), 20);
    assert.deepEqual((await service.diffBackup(name)).tables.map(changesOf), [0]);
    const safety = (await service.listBackups()).find((backup) => backup.name === report.safetyBackup);
    assert.ok(safety?.protected, 'the state before is in a protected backup');
    await service.restoreBackup(safety.name);
    assert.equal(await count(), 23);
    await add(1);
    assert.equal(await count(), 24);
  });
}

function proveRefusedRestore(proves: Proves): void {
  proves('a restore into it is refused, and nothing is changed', async ({ service, add, count }) => {
    const { name } = await service.createBackup();
    await add(5);
    await rejectsWith('ERR_BACKUP_SOURCE_UNSUPPORTED', service.restoreBackup(name));
    assert.equal(await count(), 25);
    assert.equal((await service.listBackups()).length, 1);
  });
}

function fixtureOf(opened: OpenedSource): Fixture {
  const { database, directory, execute, ask } = opened;
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const service = new BackupService({ database, directory, logger: quiet, interval: 0 });
  return {
    ...opened,
    service,
    async add(rows) {
      for (let i = 0; i < rows; i++) await execute("INSERT INTO contract (body) VALUES ('row')");
    },
    count: async () => Number(await ask('SELECT count(*) FROM contract')),
  };
}

interface Writer {
  readonly acknowledged: () => number;
  /** Resolves when further rows were acknowledged. */
  readonly more: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

function startWriter({ add }: Fixture): Writer {
  let acknowledged = 20;
  const stopping = new AbortController();
  const write = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await add(1);
      acknowledged++;
      // A driver that blocks would let nothing else of this process run.
      await tick();
    }
  };
  const writing = write();
  return {
    acknowledged: () => acknowledged,
    async more() {
      const before = acknowledged;
      while (acknowledged === before) await Promise.race([writing, tick()]);
    },
    async stop() {
      stopping.abort();
      await writing;
    },
  };
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function changesOf({ added, changed, removed }: { added: number; changed: number; removed: number }): number {
  return added + changed + removed;
}

function unfinishedIn(directory: string): string[] {
  // An array of this realm: a test runner may have given the file system another one.
  return [...fs.readdirSync(directory)].filter((name) => name.includes('.partial'));
}

async function rejectsWith(
  code: 'ERR_BACKUP_CANCELLED' | 'ERR_BACKUP_SOURCE_UNSUPPORTED',
  act: Promise<unknown>,
): Promise<void> {
  await assert.rejects(act, (error: unknown) => {
    assert.ok(isBackupError(error, code), `it rejects with ${code}, not with ${String(error)}`);
    return true;
  });
}
