import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Backup } from '../catalog/backup.js';
import type { SnapshotRequest } from '../child/protocol.js';
import type { SnapshotResult, Snapshotter } from '../child/snapshotter.js';
import { BackupService } from '../service/backup-service.js';
import { isBackupError } from '../util/errors.js';
import { runnerOr } from './runner.js';
import type { TestRunner } from './runner.js';

/** The surroundings of one test of {@link describeSnapshotter}. */
export interface OpenedSnapshotter {
  readonly snapshotter: Snapshotter;
  /** Absolute path of a SQLite database with some rows, in a folder that nobody else uses. */
  readonly database: string;
  /** Changes the database's rows. Every call makes other rows. */
  readonly change: () => void | Promise<void>;
  /** Reads all the database's rows. */
  readonly contents: () => unknown;
  /** Removes what the test has left. */
  readonly close?: () => Promise<void> | void;
}

/** How {@link describeSnapshotter} runs. */
export interface SnapshotterSuiteOptions {
  /** Default: the global `describe` and `test`. */
  readonly runner?: TestRunner;
  /** For each test. Default 120,000. */
  readonly timeoutMs?: number;
}

/** A snapshotter, a database, and what is asked of them in every test. */
interface Fixture extends OpenedSnapshotter {
  readonly create: (request?: Partial<SnapshotRequest>, signal?: AbortSignal) => Promise<SnapshotResult>;
  readonly backups: () => Promise<Backup[]>;
}

const WEEK_MS = 7 * 24 * 3_600_000;

/**
 * Defines the tests that hold a {@link Snapshotter} to its contract. Call it in a test file:
 *
 * @example describeSnapshotter('my snapshotter', () => ({ snapshotter: mine(), ...aDatabase() }));
 * @param open makes a snapshotter and a database for each test
 */
export function describeSnapshotter(
  title: string,
  open: () => Promise<OpenedSnapshotter> | OpenedSnapshotter,
  { runner, timeoutMs = 120_000 }: SnapshotterSuiteOptions = {},
): void {
  const { describe, test } = runnerOr(runner);
  const shows = (behaviour: string, show: (fixture: Fixture) => Promise<void>): void => {
    const run = async (): Promise<void> => {
      const opened = await open();
      try {
        await show(fixtureOf(opened));
      } finally {
        await opened.close?.();
      }
    };
    test(behaviour, run, timeoutMs);
  };
  describe(`${title} is a Snapshotter`, () => {
    defineCreation(shows);
    defineRefusals(shows);
    defineCare(shows);
  });
}

type Shows = (behaviour: string, show: (fixture: Fixture) => Promise<void>) => void;

function defineCreation(shows: Shows): void {
  shows('create() resolves when a whole backup stands under its name, as its answer says', async (on) => {
    const result = await on.create({ label: 'before a test' });
    const [backup, ...more] = await on.backups();
    assert.deepEqual(more, []);
    assert.ok(result.status === 'created' && backup, `it answered "${result.status}"`);
    assert.equal(backup.name, result.backup.name);
    assert.equal(backup.path, path.join(path.dirname(on.database), backup.name));
    assert.equal(backup.problem, undefined);
    assert.equal(backup.label, 'before a test');
    assert.equal(backup.sizeBytes, fs.statSync(backup.path).size);
    assert.equal(backup.sha256, hashOf(backup.path), 'its manifest has the sha256 of its file');
    assert.ok(Number.isFinite(result.durationMs), 'durationMs is a number');
  });

  shows('createSync() does the same before it returns', async (on) => {
    const result = on.snapshotter.createSync(requestFor(on));
    assert.equal(result.status, 'created');
    assert.equal((await on.backups()).length, 1);
  });

  shows('a second backup in the same second has a name of its own', async (on) => {
    for (let i = 0; i < 2; i++) assert.equal((await on.create()).status, 'created');
    const names = (await on.backups()).map(({ name }) => name);
    assert.equal(new Set(names).size, 2);
  });

  shows('with ifOlderThanMs it makes none while the newest is younger, and one when it is not', async (on) => {
    await on.create();
    const [first] = await on.backups();
    const answer = await on.create({ ifOlderThanMs: WEEK_MS });
    assert.ok(answer.status === 'fresh' && answer.latest.name === first!.name, `it answered "${answer.status}"`);
    const longAgo = new Date(Date.now() - WEEK_MS - 60_000);
    fs.utimesSync(first!.path, longAgo, longAgo);
    assert.equal((await on.create({ ifOlderThanMs: WEEK_MS })).status, 'created');
    assert.equal((await on.backups()).length, 2);
  });

  shows('calls at the same time with ifOlderThanMs make one backup', async (on) => {
    const results = await Promise.all([1, 2, 3].map(() => on.create({ ifOlderThanMs: WEEK_MS })));
    assert.deepEqual(results.map(({ status }) => status).sort(), ['created', 'fresh', 'fresh']);
    assert.equal((await on.backups()).length, 1);
  });
}

function defineRefusals(shows: Shows): void {
  shows('without a database it rejects with a BackupError and leaves no backup', async (on) => {
    fs.rmSync(on.database);
    await rejects(on.create());
    assert.throws(() => on.snapshotter.createSync(requestFor(on)), isBackupError);
    assert.equal(namesIn(on).join(), '');
  });

  shows('what is no database is refused, and leaves no backup', async (on) => {
    fs.writeFileSync(on.database, crypto.randomBytes(20_000));
    await rejects(on.create());
    assert.equal(namesIn(on).join(), '');
  });

  shows('a signal that is aborted ends it with ERR_BACKUP_CANCELLED, without a backup', async (on) => {
    await rejects(on.create({}, AbortSignal.abort(new Error('enough'))), 'ERR_BACKUP_CANCELLED');
    assert.equal(namesIn(on).join(), '');
    assert.equal((await on.create()).status, 'created');
  });
}

function defineCare(shows: Shows): void {
  shows('inspect() tells the pages of the database', async (on) => {
    const { pageCount, pageSize, journalMode } = await on.snapshotter.inspect({
      database: on.database,
      timeoutMs: 60_000,
    });
    assert.ok(pageCount > 0 && pageSize >= 512, `${pageCount} pages of ${pageSize} bytes`);
    assert.notEqual(journalMode, '');
  });

  shows('verify() finds a good backup good, and a damaged one damaged', async (on) => {
    const name = await nameOfNew(on);
    const request = { ...placeOf(on), name, level: 'quick', timeoutMs: 60_000 } as const;
    const good = await on.snapshotter.verify(request);
    assert.deepEqual([good.ok, good.problems], [true, []]);
    const file = path.join(path.dirname(on.database), name);
    const bytes = fs.readFileSync(file);
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 64);
    fs.writeFileSync(file, bytes);
    const damaged = await on.snapshotter.verify(request);
    assert.equal(damaged.ok, false);
    assert.notEqual(damaged.problems.length, 0);
  });

  shows('protect() writes it into the manifest, and takes it off again', async (on) => {
    const name = await nameOfNew(on);
    for (const wanted of [true, false]) {
      await on.snapshotter.protect({ ...placeOf(on), name, protected: wanted, timeoutMs: 60_000 });
      assert.deepEqual(
        (await on.backups()).map((backup) => backup.protected),
        [wanted],
      );
    }
  });

  shows('restore() brings the rows back, and keeps those from before in a protected backup', async (on) => {
    const before = await on.contents();
    const name = await nameOfNew(on);
    await on.change();
    assert.notDeepEqual(await on.contents(), before, 'change() makes other rows');
    const report = await on.snapshotter.restore({ ...placeOf(on), name, verify: 'quick', timeoutMs: 60_000 });
    assert.equal(report.name, name);
    assert.deepEqual(await on.contents(), before);
    const safety = (await on.backups()).find((backup) => backup.name === report.safetyBackup);
    assert.ok(safety?.protected, 'the state before is in a protected backup');
  });

  shows('restore() of a damaged backup is refused, and changes nothing', async (on) => {
    const name = await nameOfNew(on);
    await on.change();
    const present = await on.contents();
    fs.truncateSync(path.join(path.dirname(on.database), name), 700);
    await rejects(on.snapshotter.restore({ ...placeOf(on), name, verify: 'quick', timeoutMs: 60_000 }));
    assert.deepEqual(await on.contents(), present);
  });
}

function fixtureOf(opened: OpenedSnapshotter): Fixture {
  const { snapshotter, database } = opened;
  const logger = { info() {}, warn() {}, error() {} };
  // It lists the folder in this process; the snapshotter is asked for nothing by that.
  const service = new BackupService({ database, snapshotter, logger });
  return {
    ...opened,
    create: (request, signal) => snapshotter.create({ ...requestFor(opened), ...request }, signal ? { signal } : {}),
    backups: () => service.listBackups(),
  };
}

function placeOf({ database }: { readonly database: string }): { database: string; directory: string } {
  return { database, directory: path.dirname(database) };
}

function requestFor(on: { readonly database: string }): SnapshotRequest {
  return { ...placeOf(on), ifOlderThanMs: null, verify: 'quick', timeoutMs: 60_000 };
}

async function nameOfNew(on: Fixture): Promise<string> {
  const result = await on.create();
  assert.ok(result.status === 'created', `it answered "${result.status}"`);
  return result.backup.name;
}

/** Lists all files with a final name, also those that a listing would leave out. */
function namesIn({ database }: { readonly database: string }): string[] {
  const { name, ext } = path.parse(database);
  return fs
    .readdirSync(path.dirname(database))
    .filter((file) => file.startsWith(`${name}_backup_`) && file.endsWith(ext));
}

function hashOf(file: string): string {
  return crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

async function rejects(act: Promise<unknown>, code?: 'ERR_BACKUP_CANCELLED'): Promise<void> {
  await assert.rejects(act, (error: unknown) => {
    assert.ok(isBackupError(error, code), `it rejects with ${code ?? 'a BackupError'}, not with ${String(error)}`);
    return true;
  });
}
