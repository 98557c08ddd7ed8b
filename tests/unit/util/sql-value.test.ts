import Database from 'better-sqlite3';
import { isTrue } from '../../../src/util/sql-value';

test.each([
  ...[null, 0, 1, -1, 0.5, -0, 0n, 2n, Infinity],
  ...['', '0', '0.0', '1', ' 2x', '-3', '.5', '0x10', '1e3', 'ok', 'no', 'true'],
  ...['0', '7', 'a'].map((text) => Buffer.from(text)),
])('%p is true or false as SQLite has it', (value) => {
  const db = new Database(':memory:');
  const inSql = db.prepare('SELECT count(*) FROM (SELECT ? AS v) WHERE v').pluck().get(value);
  expect(isTrue(value)).toBe(inSql === 1);
  db.close();
});
