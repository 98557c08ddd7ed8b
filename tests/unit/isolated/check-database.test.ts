import fs from 'node:fs';
import Database from 'better-sqlite3';
import { checkDatabase, MAX_FINDING_LENGTH, MAX_FINDINGS } from '#dist/isolated/verify/check-database.js';
import type { CheckResult } from '#dist/isolated/verify/check-database.js';
import { headerProblems, readHeader } from '#dist/util/database-header.js';
import { randomNumbers } from '../../support/random';
import { createWith, SCHEMA_OBJECTS } from '../../support/schema-objects';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const LEVELS = ['quick', 'full'] as const;

function check(file: string, level: (typeof LEVELS)[number] = 'full'): CheckResult {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return checkDatabase(db, level);
  } finally {
    db.close();
  }
}

/** By header and size, and by SQLite: what a backup without a manifest has to pass. */
function damageOf(file: string, level: (typeof LEVELS)[number] = 'quick'): readonly string[] {
  const problems = headerProblems(readHeader(file), fs.statSync(file).size);
  return problems.length > 0 ? problems : check(file, level).problems;
}

const stateOf = (file: string) => ({
  bytes: fs.readFileSync(file),
  mtime: fs.statSync(file).mtimeMs,
  list: folder.list(),
});

describe.each(Object.entries(SCHEMA_OBJECTS))('%s', (_name, { fill, finding, quick }) => {
  test.each(LEVELS)('%s: is not damage; what SQLite says about it is told, and the file stays as it is', (level) => {
    const file = createWith(folder.file('app.db'), fill);
    const before = stateOf(file);
    const { problems, findings } = check(file, level);
    expect(problems).toEqual([]);
    if (finding && (level === 'full' || quick === undefined)) expect(findings.join('\n')).toMatch(finding);
    else expect(findings).toEqual([]);
    expect(stateOf(file)).toEqual(before);
  });

  test.each(LEVELS)('%s: does not hide a page that is in use and listed as free', (level) => {
    const file = createWith(folder.file('app.db'), (db) => {
      fill(db);
      withAllPageKinds(db);
    });
    expect(damageOf(file, level)).toEqual([]);
    listLivePageAsFree(file);
    expect(damageOf(file, level).join('\n')).toMatch(/2nd reference to page/);
  });
});

test('findings are bounded in number and length, and one line each', () => {
  const file = createWith(folder.file('app.db'), (db) => {
    db.function('slug', { deterministic: true }, String);
    for (let i = 0; i < 2 * MAX_FINDINGS; i++) {
      db.exec(
        `CREATE TABLE "t${i}\n${'x'.repeat(400)}" (a, s NOT NULL AS (slug(a))); INSERT INTO "t${i}\n${'x'.repeat(400)}" VALUES (1)`,
      );
    }
  });
  const { findings } = check(file);
  expect(findings).toHaveLength(MAX_FINDINGS);
  expect(findings.at(-1)).toBe(`and ${MAX_FINDINGS + 1} more`);
  expect(Math.max(...findings.map(({ length }) => length))).toBe(MAX_FINDING_LENGTH);
  expect(findings.join('')).not.toMatch(/\n/);
});

const PAGE = 1024;
const page = (number: number): number => (number - 1) * PAGE;

/** Trees of two levels, overflow chains, free pages of both kinds. */
function withAllPageKinds(db: Database.Database): void {
  db.exec(`
    CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB);
    CREATE INDEX things_by_name ON things (name);
    CREATE TABLE gone (bytes BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
      INSERT INTO things SELECT i, 'thing ' || i || hex(zeroblob(30)), zeroblob(i * 97 % 4000) FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO gone SELECT zeroblob(3000) FROM n;
    DROP TABLE gone;
  `);
}

function createAll(
  autoVacuum: 'NONE' | 'INCREMENTAL' = 'NONE',
  more: (db: Database.Database) => void = () => {},
): string {
  return createWith(folder.file('app.db'), (db) => {
    db.pragma(`page_size = ${PAGE}`);
    db.pragma(`auto_vacuum = ${autoVacuum}`);
    withAllPageKinds(db);
    more(db);
  });
}

function change(file: string, edit: (bytes: Buffer) => void): void {
  const bytes = fs.readFileSync(file);
  edit(bytes);
  fs.writeFileSync(file, bytes);
}

function listLivePageAsFree(file: string): void {
  change(file, (bytes) => {
    const size = bytes.readUInt16BE(16);
    const trunk = (bytes.readUInt32BE(32) - 1) * size;
    expect(bytes.readUInt32BE(trunk + 4)).toBeGreaterThan(0);
    bytes.writeUInt32BE(2, trunk + 8);
  });
}

/** Page numbers by kind, as SQLite itself sees them. */
function pagesOf(file: string): Record<string, number[]> {
  const db = new Database(file, { readonly: true });
  const rows = db
    .prepare("SELECT name || ' ' || pagetype AS kind, pageno FROM dbstat WHERE name LIKE 'things%'")
    .all() as {
    kind: string;
    pageno: number;
  }[];
  db.close();
  const pages: Record<string, number[]> = {};
  for (const { kind, pageno } of rows) (pages[kind] ??= []).push(pageno);
  return pages;
}

const NEEDING_THE_APP = (db: Database.Database): void => {
  db.function('slug', { deterministic: true }, String);
  db.exec("CREATE TABLE t (a, s NOT NULL AS (slug(a))); INSERT INTO t VALUES ('A')");
};

describe.each([
  ['of a usual database', undefined],
  ["of one that needs the app's functions", NEEDING_THE_APP],
])('damage %s is found by quick and full:', (_of, more) => {
  const wrong = (
    what: string,
    edit: (bytes: Buffer, pages: Record<string, number[]>) => void,
    vacuum?: 'INCREMENTAL',
  ) =>
    test.each(LEVELS)(`${what} (%s)`, (level) => {
      const file = createAll(vacuum, more);
      expect(damageOf(file, level)).toEqual([]);
      const pages = pagesOf(file);
      change(file, (bytes) => edit(bytes, pages));
      expect(damageOf(file, level)).not.toEqual([]);
    });

  wrong('the kind of a table leaf', (bytes, pages) => (bytes[page(pages['things leaf']![3]!)] = 7));
  wrong('the number of cells of a table leaf', (bytes, pages) =>
    bytes.writeUInt16BE(999, page(pages['things leaf']![3]!) + 3),
  );
  wrong('a cell pointer of a table leaf', (bytes, pages) =>
    bytes.writeUInt16BE(PAGE + 9, page(pages['things leaf']![3]!) + 8),
  );
  wrong('a child of an interior table page', (bytes, pages) =>
    bytes.writeUInt32BE(2, page(pages['things internal']![0]!) + 8),
  );
  wrong('the kind of an index leaf', (bytes, pages) => (bytes[page(pages['things_by_name leaf']![1]!)] = 13));
  wrong('a child of an interior index page', (bytes, pages) =>
    bytes.writeUInt32BE(9999, page(pages['things_by_name internal']![0]!) + 8),
  );
  wrong('the next page of an overflow chain', (bytes, pages) =>
    bytes.writeUInt32BE(3, page(pages['things overflow']![0]!)),
  );
  wrong('an overflow chain that ends too late', (bytes, pages) => {
    const last = pages['things overflow']!.find((each) => bytes.readUInt32BE(page(each)) === 0)!;
    bytes.writeUInt32BE(pages['things overflow']![0]!, page(last));
  });
  wrong('the number of leaves of a free trunk', (bytes) => bytes.writeUInt32BE(5000, page(bytes.readUInt32BE(32)) + 4));
  wrong('the next trunk of the freelist', (bytes) => bytes.writeUInt32BE(2, page(bytes.readUInt32BE(32))));
  wrong('a free page listed twice', (bytes) => {
    const trunk = page(bytes.readUInt32BE(32));
    bytes.writeUInt32BE(bytes.readUInt32BE(trunk + 8), trunk + 12);
  });
  wrong('the number of free pages in the header', (bytes) => bytes.writeUInt32BE(bytes.readUInt32BE(36) + 1, 36));
  wrong('the kind of an entry in a pointer map', (bytes) => (bytes[page(2) + 5] = 9), 'INCREMENTAL');
  wrong('the parent in a pointer map', (bytes) => bytes.writeUInt32BE(77, page(2) + 6), 'INCREMENTAL');
  wrong('the root of a table in the schema', (bytes) => {
    const text = bytes.indexOf('CREATE TABLE things');
    bytes.writeUInt8(bytes[text - 1]! + 1, text - 1);
  });
  wrong('the magic of the header', (bytes) => bytes.write('SQLite format 4\0', 0, 'latin1'));
  wrong('the page size of the header', (bytes) => bytes.writeUInt16BE(1000, 16));
  wrong('the write version of the header', (bytes) => (bytes[18] = 30));
  wrong('the read version of the header', (bytes) => (bytes[19] = 30));
  wrong('the reserved bytes of the header', (bytes) => (bytes[20] = 250));
  wrong('the payload fraction of the header', (bytes) => (bytes[21] = 1));
  wrong('the schema format of the header', (bytes) => bytes.writeUInt32BE(30, 44));
});

test('a file that is cut anywhere, also inside its last overflow page, is damaged by its size alone', () => {
  const file = createAll();
  const whole = fs.readFileSync(file);
  const random = randomNumbers(11);
  const cuts = [whole.length - 1, whole.length - 100, whole.length - PAGE, 0, 1, 99, 100, PAGE];
  for (let i = 0; i < 2_000; i++) cuts.push(Math.floor(random() * whole.length));
  for (const cut of cuts) {
    const header = Buffer.alloc(100);
    whole.copy(header, 0, 0, Math.min(cut, 100));
    expect(headerProblems(header, cut)).not.toEqual([]);
  }
  expect(headerProblems(whole.subarray(0, 100), whole.length)).toEqual([]);
  expect(headerProblems(whole.subarray(0, 100), whole.length + 1)).not.toEqual([]);
  expect(headerProblems(whole.subarray(0, 100), whole.length + PAGE)).not.toEqual([]);
});

test('a bit flip anywhere is damage, a finding, or content that only a hash sees; it is never an error of another kind', () => {
  const file = createAll('INCREMENTAL', NEEDING_THE_APP);
  const whole = fs.readFileSync(file);
  const random = randomNumbers(7);
  let damaged = 0;
  for (let i = 0; i < 300; i++) {
    const at = Math.floor(random() * (i % 3 === 0 ? 2_100 : whole.length));
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1 << Math.floor(random() * 8);
    fs.writeFileSync(file, bytes);
    if (damageOf(file, i % 2 === 0 ? 'quick' : 'full').length > 0) damaged++;
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
  }
  expect(damaged).toBeGreaterThan(20);
});
