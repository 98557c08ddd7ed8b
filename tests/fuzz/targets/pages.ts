import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { Manifest } from 'sqlite-autobackup';
import { formatManifest } from '#dist/catalog/manifest.js';
import { distrust } from '#dist/isolated/shared/distrust.js';
import { compareWithManifest } from '#dist/isolated/verify/check-backup.js';
import { checkDatabase } from '#dist/isolated/verify/check-database.js';
import { memoryLogger } from '../../support/memory-logger';
import { pagesByKind } from '../../support/page-kinds';
import { chance, pick, upTo } from '../mutate';
import { answerOf } from '../target';
import type { Random, TargetModule } from '../target';

const PAGE_SIZE = 1024;
const CALLS = ['restore', 'diff', 'recover', 'query'] as const;
/** Most are checked in this process, as a child would do it: some hundred times as many as by calls of the service. */
const BY_SERVICE = 0.1;

interface Edit {
  /** Which of the pages of a kind; it counts from the beginning again where there are fewer. */
  readonly kind: string;
  readonly page: number;
  readonly at: number;
  /** New bytes there, in hex; absent: the whole page is that of another kind. */
  readonly bytes?: string;
  readonly like?: string;
}

interface Input {
  readonly edits: readonly Edit[];
  /** `'own'`: the manifest of the whole backup; `'fitting'`: one whose hash is that of the damaged file; `'none'`. */
  readonly manifest: 'own' | 'fitting' | 'none';
  readonly level: 'quick' | 'full' | 'drill';
  readonly call: (typeof CALLS)[number] | 'none';
}

/** A backup with damage on pages of each kind. Debian's shell, another build of SQLite, is the judge. */
export const pages: TargetModule<Input> = {
  invariant:
    'whatever stands on whatever kind of page: a verification, comparison, recovery, query or restore answers or says a code; what the manifest has another hash of is never good, nor what SQLite’s own shell calls damaged; what is restored has the contents of the backup',
  async start(root) {
    const folder = path.join(root, 'shop');
    fs.mkdirSync(folder);
    const database = path.join(folder, 'app.db');
    fillDatabase(database);
    const service = new BackupService({ database, timeout: '60s', logger: memoryLogger() });
    const backup = await service.createBackup();
    await service.whenIdle();
    const bytes = fs.readFileSync(backup.path);
    const live = fs.readFileSync(database);
    const manifestFile = backup.path.replace(/\.db$/, '.json');
    const manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8')) as Manifest;
    const kinds = pagesByKind(backup.path);
    const to = path.join(root, 'restored.db');

    return {
      make: (random, old) => makeInput(random, [...kinds.keys()], old),
      async check({ edits, manifest: which, level, call }) {
        const changed = Buffer.from(bytes);
        for (const edit of edits) apply(changed, bytes, kinds, edit);
        fs.writeFileSync(backup.path, changed);
        fs.rmSync(manifestFile, { force: true });
        fs.rmSync(to, { force: true });
        const sha256 = crypto.createHash('sha256').update(changed).digest('hex');
        if (which !== 'none') {
          fs.writeFileSync(manifestFile, formatManifest(which === 'own' ? manifest : { ...manifest, sha256 }));
        }
        const isOther = which === 'own' && !changed.equals(bytes);
        const damage = damageBySqlite(backup.path);

        if (call === 'none') {
          const problems = await checkHere(backup.path, level);
          assert.ok(problems.length > 0 || damage === '', `found good (${level}), and SQLite's shell says: ${damage}`);
          return `${edits[0]!.kind} ${level}: ${problems.length > 0 ? 'bad' : 'good'}`;
        }
        const verified = await answerOf(
          () => service.verifyBackup(backup.name, { level }),
          ({ ok, findings }) => {
            assert.ok(!ok || !isOther, 'verified, though it has another hash');
            assert.ok(!ok || damage === '', `verified (${level}), and SQLite's shell says: ${damage}`);
            return `${level} ${ok ? 'good' : 'bad'}${findings.length > 0 ? ' with findings' : ''}`;
          },
        );
        const called = await answerOf(
          () => tryCall(service, call, backup.name, to),
          (answer) => {
            assert.ok(!isOther || answer !== 'restored', 'restored, though it has another hash');
            if (answer === 'restored')
              assert.deepEqual(contents(to), contents(backup.path), 'restored with other contents');
            return answer;
          },
        );
        await service.whenIdle();
        assert.ok(fs.readFileSync(database).equals(live), 'the live database was changed');
        assert.ok(fs.readFileSync(backup.path).equals(changed), 'the backup was changed');
        assert.deepEqual(
          fs.readdirSync(folder).filter((name) => /partial|backup.*-(wal|shm|journal)$/.test(name)),
          [],
        );
        return `${edits[0]!.kind} ${which}: ${verified}, ${call}: ${called}`;
      },
    };
  },
};

async function checkHere(file: string, level: Input['level']): Promise<readonly string[]> {
  const { problems } = await compareWithManifest(file, undefined);
  if (problems.length > 0) return problems;
  try {
    const db = new Database(file, { readonly: true });
    try {
      distrust(db);
      return checkDatabase(db, level === 'drill' ? 'full' : level).problems;
    } finally {
      db.close();
    }
  } catch (error) {
    // The child tells it as what could not be read, which is not good either.
    if (/^SQLITE_/.test((error as { code?: string }).code ?? '')) return [String(error)];
    throw error;
  }
}

async function tryCall(
  service: BackupService,
  call: (typeof CALLS)[number],
  name: string,
  to: string,
): Promise<string> {
  if (call === 'restore') await service.restoreBackup(name, { to });
  else if (call === 'diff') await service.diffBackup(name, { rows: 3 });
  else if (call === 'recover') await service.recoverRows(name, { table: 'people', removed: true, dryRun: true });
  else await service.queryBackup(name, 'SELECT * FROM people ORDER BY name DESC');
  return call === 'restore' ? 'restored' : 'answered';
}

/** Tables, indexes and overflow chains of two levels, free pages of both kinds, and pages that map all others. */
function fillDatabase(file: string): void {
  const db = new Database(file);
  db.pragma(`page_size = ${PAGE_SIZE}`);
  db.pragma('auto_vacuum = INCREMENTAL');
  db.exec(`
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INTEGER);
    CREATE INDEX by_age ON people (age, name);
    CREATE TABLE words (word TEXT PRIMARY KEY, n) WITHOUT ROWID;
    CREATE TABLE letters (id INTEGER PRIMARY KEY, body BLOB);
    CREATE TABLE gone (id INTEGER PRIMARY KEY, body BLOB);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 300)
      INSERT INTO people SELECT i, 'name of number ' || i, i % 90 FROM n;
    INSERT INTO words SELECT name || ' as a word', age FROM people;
    INSERT INTO letters SELECT id, zeroblob(3000 + id) FROM people LIMIT 12;
    INSERT INTO gone SELECT id, zeroblob(900) FROM people;
    DELETE FROM gone;
  `);
  db.close();
}

/** What is damaged by the words of a SQLite that is no part of the package; rows and indexes are not what `quick` looks at. */
function damageBySqlite(file: string): string {
  const args = ['-readonly', '-batch', file, 'PRAGMA quick_check'];
  const { stdout, stderr, error } = spawnSync('sqlite3', args, { encoding: 'utf8' });
  if (error) throw error;
  const said = `${stdout}${stderr}`;
  // In no language that this SQLite knows: it may be another one's, and that is told as a finding (src/isolated/shared/foreign-schema.ts).
  if (/malformed database schema .*(syntax error|unknown datatype|unknown table option)/.test(said)) return '';
  return /\*\*\* in database|malformed|not a database/.test(said) ? said.slice(0, 500) : '';
}

function contents(file: string): string {
  const { stdout } = spawnSync('sqlite3', ['-readonly', '-batch', file, '.dump'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return crypto.createHash('sha256').update(stdout).digest('hex');
}

function apply(changed: Buffer, whole: Buffer, kinds: ReadonlyMap<string, readonly number[]>, edit: Edit): void {
  const place = (kind: string, index: number): number => {
    const numbers = kinds.get(kind)!;
    return (numbers[index % numbers.length]! - 1) * PAGE_SIZE;
  };
  const start = place(edit.kind, edit.page);
  if (edit.like !== undefined) {
    const from = place(edit.like, edit.page);
    whole.copy(changed, start, from, from + PAGE_SIZE);
  } else {
    const bytes = Buffer.from(edit.bytes!, 'hex');
    bytes.copy(changed, start + Math.min(edit.at, PAGE_SIZE - bytes.length));
  }
}

/** The first bytes of a page say most: types, counts, the first free block, pointers to cells and to other pages. */
function makeInput(random: Random, kinds: readonly string[], old?: Input): Input {
  const edit = (): Edit => {
    const at = chance(random, 0.7) ? upTo(random, 40) : upTo(random, PAGE_SIZE);
    const bytes = pick(random, ['00', 'ff', '0d', '05', '0a', '02', '01', '00000000', '00000001', '00000002', '0000ffff', 'ffffffff', '7fffffff', '00000005', '0000000b', randomHex(random)]); // prettier-ignore
    const common = { kind: pick(random, kinds), page: upTo(random, 50), at };
    return chance(random, 0.15) ? { ...common, like: pick(random, kinds) } : { ...common, bytes };
  };
  const edits = [...(old && chance(random, 0.5) ? old.edits : []), edit()].slice(-4);
  return {
    edits,
    manifest: pick(random, ['own', 'fitting', 'fitting', 'fitting', 'none', 'none']),
    level: pick(random, ['quick', 'full', 'drill']),
    call: chance(random, BY_SERVICE) ? pick(random, CALLS) : 'none',
  };
}

function randomHex(random: Random): string {
  return Buffer.from(Array.from({ length: 1 + upTo(random, 8) }, () => upTo(random, 256))).toString('hex');
}
