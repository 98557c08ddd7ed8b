import assert from 'node:assert/strict';
import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../../support/memory-logger';
import { chance, mutateText, pick } from '../mutate';
import { digest, openShop } from '../place';
import type { Place } from '../place';
import { answerOf } from '../target';
import type { Random, TargetModule } from '../target';

/** Pieces of expressions: what is right, what would write or reach out, and what has no end in sight. */
const EXPRESSIONS = [
  ...['id = 42', 'id', "name LIKE 'A%'", 'id IN (1, 2)', 'total > 5 AND id BETWEEN 1 AND 99', 'NOT removed', 'rowid = 1', '1', '0', 'NULL'],
  ...["email GLOB '*@*'", '(SELECT count(*) FROM items) > 1', 'EXISTS (SELECT 1 FROM invoices WHERE customer_id = customers.id)', ':a', '?1'],
  ...["load_extension('x')", "readfile('/etc/passwd')", "writefile('/tmp/fuzz-written','x')", "fts3_tokenizer('x', x'00')", 'sqlite_version()'],
  ...["zeroblob(2000000000)", "printf('%.*c', 2000000000, 'x')", "randomblob(9)", "json_extract('{', '$')", "'a' REGEXP 'b'", 'abs(-9223372036854775808)'],
  ...['(WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n) > 0', 'count(*)', 'sum(id) OVER ()', 'raise(abort, 1)'],
]; // prettier-ignore
const STATEMENTS = [
  ...['SELECT * FROM customers', 'SELECT count(*) FROM invoices', 'SELECT 1', 'VALUES (1)', 'SELECT NULL', 'EXPLAIN SELECT 1', "SELECT 'x' AS 'x', 1 AS x"],
  ...['SELECT * FROM pragma_database_list', 'SELECT * FROM sqlite_schema', "SELECT * FROM pragma_writable_schema('1')", 'SELECT * FROM dbstat'],
  ...["ATTACH 'outside.db' AS o", "VACUUM INTO 'written.db'", 'PRAGMA writable_schema = 1', 'PRAGMA journal_mode = WAL', 'DELETE FROM customers', 'DROP TABLE customers'],
  ...['INSERT INTO customers VALUES (9, 1, 1) RETURNING *', 'UPDATE customers SET name = 1 RETURNING 1', 'WITH x AS (SELECT 1) DELETE FROM customers', 'BEGIN', 'COMMIT', ''],
  ...['SELECT 1; SELECT 2', 'SELECT 1 -- x', '/* x */ SELECT 1', 'SELECT 1 /*', 'CREATE TEMP TABLE t (a)', 'SELECT * FROM customers, customers, customers, items, items'],
]; // prettier-ignore
const WORDS = ['(', ')', ')) OR ((1', ' OR ', ' AND ', ';', '--', '/*', '*/', "'", '"', '`', '[', ']', '\0', ' UNION SELECT ', ' FROM customers ', '1) --', '.', '||', 'CAST(', 'x\'', '\u00a0', ...EXPRESSIONS.slice(0, 9)]; // prettier-ignore

/** Never more than a moment, unless the machine is busy. */
const SHORT = '2s';

interface WhereInput {
  readonly call: 'recover' | 'query';
  readonly sql: string;
  readonly table: string;
}

/** What selects rows of a backup: the `where` of a recovery, and the statement of a query. */
export const where: TargetModule<WhereInput> = {
  invariant:
    'whatever the SQL is: rows, a plan, or a BackupError in bounded time; the database, the backup, and every file beside them are as before, to the byte',
  async start(root) {
    const shop = await openShop(root);
    loseRows(shop);
    return {
      make(random, old) {
        const call = old?.call ?? pick(random, ['recover', 'query'] as const);
        const fresh = call === 'query' ? pick(random, STATEMENTS) : pick(random, EXPRESSIONS);
        const table = chance(random, 0.8)
          ? pick(random, ['customers', 'invoices', 'items', 'notes'])
          : oddTable(random);
        return { call, sql: changeSql(random, old?.sql ?? fresh), table };
      },
      async check({ call, sql, table }) {
        const { name } = shop.backup;
        return unchanged(shop, () =>
          call === 'query'
            ? answerOf(() => shop.service.queryBackup(name, sql, { timeout: SHORT, rows: 20 }), ({ rows }) => `${Math.min(rows.length, 3)} rows`) // prettier-ignore
            : answerOf(
                () => shop.service.recoverRows(name, { table, where: sql, dryRun: true, timeout: SHORT }),
                (report) => `plan ${Object.keys(report.inserted).join(' ')} ${report.conflictCount}`,
              ),
        );
      },
    };
  },
};

interface AssertionsInput {
  readonly assertions: readonly string[];
}

/** The SELECTs that a restored backup must answer. */
export const assertions: TargetModule<AssertionsInput> = {
  invariant:
    'whatever an assertion is: it is refused, or has one result; it is said to hold only where SQLite answers one truthy value, and a drill is good only if all hold; nothing is changed, within bounded time',
  async start(root) {
    const shop = await openShop(root);
    // Some of them never end, and are given the whole time.
    const impatient = new BackupService({ database: shop.database, timeout: '8s', logger: memoryLogger() });
    return {
      make(random, old) {
        const one = (): string => {
          const kept = old && chance(random, 0.7) ? pick(random, old.assertions) : undefined;
          if (kept !== undefined && chance(random, 0.3)) return kept;
          const expression = `SELECT ${pick(random, EXPRESSIONS)} FROM customers`;
          return changeSql(random, kept ?? (chance(random, 0.5) ? pick(random, STATEMENTS) : expression));
        };
        return { assertions: Array.from({ length: 1 + Math.floor(random() * 2) }, one) };
      },
      async check({ assertions: asked }) {
        const drill = () => impatient.verifyBackup(shop.backup.name, { level: 'drill', assertions: asked });
        return unchanged(shop, () =>
          answerOf(drill, ({ ok, assertions: results = [] }) => {
            assert.equal(results.length, asked.length);
            assert.equal(ok, results.every((result) => result.ok), 'good, and an assertion fails'); // prettier-ignore
            for (const result of results) if (result.ok) assertTruthy(shop.backup.path, result.sql);
            return results
              .map((result) => (result.ok ? 'holds' : (result.error ?? 'no').replace(/".*"|\d+/g, '').slice(0, 40)))
              .join(', ');
          }),
        );
      },
    };
  },
};

/** By a connection of its own, which is no part of the package. */
function assertTruthy(file: string, sql: string): void {
  // What another time or another call would answer otherwise.
  if (/random|now|date|time|changes|julian/i.test(sql)) return;
  const db = new Database(file, { readonly: true });
  try {
    const rows = db.prepare(sql).raw().all() as unknown[][];
    assert.ok(rows.length === 1 && rows[0]!.length === 1 && Boolean(rows[0]![0]), `said to hold: ${sql}`);
  } finally {
    db.close();
  }
}

function loseRows(shop: Place): void {
  const db = new Database(shop.database);
  db.exec('PRAGMA foreign_keys = ON; DELETE FROM invoices WHERE id = 42; UPDATE customers SET name = 7 WHERE id = 2');
  db.close();
}

async function unchanged(shop: Place, act: () => Promise<string>): Promise<string> {
  const before = withoutRecords(digest(shop.folder));
  const answer = await act();
  await shop.service.whenIdle();
  assert.deepEqual(withoutRecords(digest(shop.folder)), before, 'a file was changed');
  for (const name of ['written.db', 'outside.db']) assert.ok(!fs.existsSync(name), `${name} was written`);
  assert.ok(!fs.existsSync('/tmp/fuzz-written'), 'a function wrote a file');
  return answer;
}

/** A drill is recorded, in the manifest too. A child that was ended has left the journal of the lock, which the next one removes. */
function withoutRecords(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !/\.jsonl?$|\.lock-journal$/.test(name)));
}

function changeSql(random: Random, sql: string): string {
  if (chance(random, 0.2)) return sql;
  return mutateText(random, sql, WORDS);
}

function oddTable(random: Random): string {
  return mutateText(
    random,
    pick(random, ['customers', 'sqlite_schema', 'sqlite_sequence', 'main.items', 'dbstat', '']),
    WORDS,
  );
}
