import Database from 'better-sqlite3';
import fc from 'fast-check';
import { identityOf, MAX_CHOSEN, whereOf } from '#dist/dashboard/rows/choice.js';

const value = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }),
  fc.constantFrom("a'b", 'a\0b', '"', '--', 'x;y', ') OR (1'),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.uint8Array({ maxLength: 8 }),
);

test('the expression is true for the chosen values, for whatever they are, and for no text that only collates alike', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t ("a ""b" COLLATE NOCASE, c)');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  fc.assert(
    fc.property(value, value, (a, c) => {
      db.exec('DELETE FROM t');
      insert.run(a, c);
      const stored = db.prepare('SELECT * FROM t').safeIntegers().get() as Record<string, never>;
      expect(
        db
          .prepare(`SELECT count(*) FROM t WHERE ${whereOf([stored])}`)
          .pluck()
          .get(),
      ).toBe(1);
    }),
    { numRuns: 500 },
  );
  db.exec("DELETE FROM t; INSERT INTO t VALUES ('abc', 1), ('ABC', 1)");
  expect(
    db
      .prepare(`SELECT "a ""b" FROM t WHERE ${whereOf([{ 'a "b': 'ABC' }])}`)
      .pluck()
      .all(),
  ).toEqual(['ABC']);
  db.close();
});

test('none, too many, and a row without a column are refused', () => {
  expect(() => whereOf([])).toThrow();
  expect(() => whereOf([{}, { a: 1 }])).toThrow();
  expect(() => whereOf(Array.from({ length: MAX_CHOSEN + 1 }, (_, id) => ({ id })))).toThrow();
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t (id)');
  const most = whereOf(Array.from({ length: MAX_CHOSEN }, (_, id) => ({ id })));
  expect(db.prepare(`SELECT count(*) FROM t WHERE ${most}`).pluck().get()).toBe(0);
  db.close();
});

test('a row is known by its key; without one, or with NULL in it, by all that it holds', () => {
  const row = { kind: 'removed', before: { a: 1, b: 2 } } as const;
  expect(identityOf({ key: ['a'] }, { ...row, key: [1] })).toEqual({ a: 1 });
  expect(identityOf({ key: ['a'] }, { ...row, key: [null] })).toEqual({ a: 1, b: 2 });
  expect(identityOf({ key: undefined }, { ...row, key: undefined })).toEqual({ a: 1, b: 2 });
  expect(identityOf({ key: ['a'] }, { kind: 'added', key: [1], after: { a: 1 } })).toBeUndefined();
});
