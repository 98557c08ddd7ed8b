import Database from 'better-sqlite3';
import { insertGone, spansWithGone } from '#dist/isolated/rows/gone-rowids.js';
import { readSchema } from '#dist/isolated/rows/read-schema.js';

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** Which rowids of the backup are found to be gone, and by how many looks at single rows. */
function goneOf(older: readonly bigint[], newer: readonly bigint[]): { gone: bigint[]; looked: bigint } {
  const db = new Database(':memory:');
  try {
    db.exec(
      `ATTACH ':memory:' AS older; CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE older.t (id INTEGER PRIMARY KEY)`,
    );
    const fill = (side: string, ids: readonly bigint[]): void => {
      const add = db.prepare(`INSERT INTO ${side}.t VALUES (?)`);
      for (const id of ids) add.run(id);
    };
    db.transaction(() => (fill('older', older), fill('main', newer)))();
    db.exec('CREATE TEMP TABLE rows_0 (i0 INTEGER PRIMARY KEY, action TEXT, taken INTEGER)');
    const tables = (side: 'main' | 'older') => readSchema(db, side).tables.get('t')!;
    insertGone(db, 'rows_0', tables('older'), tables('main'));
    const gone = db.prepare('SELECT i0 FROM temp.rows_0 ORDER BY i0').pluck().safeIntegers().all() as bigint[];
    const ends = { from: older[0]!, to: older.at(-1)! };
    const live = newer.length === 0 ? undefined : { from: newer[0]!, to: newer.at(-1)! };
    const count = ({ from, to }: { from: bigint; to: bigint }): bigint =>
      BigInt(newer.filter((id) => id >= from && id <= to).length);
    const looked = (older.length === 0 ? [] : spansWithGone(ends, live, count))
      .filter(({ all }) => !all)
      .reduce((sum, { span }) => sum + (span.to - span.from + 1n), 0n);
    return { gone, looked };
  } finally {
    db.close();
  }
}

const numbers = (from: number, to: number, isIn: (id: number) => boolean = () => true): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(isIn).map(BigInt); // prettier-ignore

/** The same by a comparison of all. */
const missing = (older: readonly bigint[], newer: readonly bigint[]): bigint[] => {
  const live = new Set(newer);
  return older.filter((id) => !live.has(id));
};

test.each<[string, bigint[], bigint[]]>([
  ['nothing', numbers(1, 5_000), numbers(1, 5_000)],
  ['all', numbers(1, 5_000), []],
  ['the end', numbers(1, 5_000), numbers(1, 3_500)],
  ['the beginning', numbers(1, 5_000), numbers(1_501, 5_000)],
  ['both ends', numbers(-2_000, 5_000), numbers(-700, 3_123)],
  ['a middle with whole parts in it', numbers(1, 9_000), [...numbers(1, 2_500), ...numbers(6_100, 9_000)]],
  ['what lies outside of all that is live', numbers(1, 100), numbers(200, 300)],
  ['nothing of an empty table', [], numbers(1, 10)],
])('%s has gone', (_, older, newer) => {
  expect(goneOf(older, newer).gone).toEqual(missing(older, newer));
});

test('a row that has gone is found where another one of a new number makes the counts equal', () => {
  const older = numbers(1, 8_000, (id) => id % 2 === 0);
  const newer = [...numbers(1, 8_000, (id) => id % 2 === 0 && id !== 4_000), 4_001n].sort((a, b) => (a < b ? -1 : 1));

  expect(goneOf(older, newer).gone).toEqual([4_000n]);
});

test('the least and the largest numbers that there are can go', () => {
  expect(goneOf([LEAST, 0n, MOST], [0n]).gone).toEqual([LEAST, MOST]);
  expect(goneOf([LEAST, 7n, MOST], [LEAST, MOST]).gone).toEqual([7n]);
  expect(goneOf([LEAST, LEAST + 1n, MOST - 1n, MOST], [LEAST, MOST]).gone).toEqual([LEAST + 1n, MOST - 1n]);
});

test('where counts prove it, no row is looked at; and where they never do, they are soon given up', () => {
  expect(goneOf(numbers(1, 20_000), numbers(1, 20_000)).looked).toBe(0n);
  expect(goneOf(numbers(1, 20_000), numbers(1, 12_000)).looked).toBe(0n);
  let counts = 0;
  spansWithGone({ from: 1n, to: 64_000n }, { from: 1n, to: 64_000n }, () => (counts++, 500n));
  expect(counts).toBeLessThan(10);
});

test('any rows that have gone are found', () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 60; round++) {
    const [width, keep, live] = [1 + Math.floor(random() * 6_000), random(), 1 - random() ** 6];
    const hole = [random() * width, random() * width].sort((a, b) => a - b);
    const older = numbers(-50, width, () => random() < keep || keep > 0.8);
    const newer = numbers(
      -100,
      width + 50,
      (id) => (id < hole[0]! || id > hole[1]!) && (random() < live || live > 0.9),
    );
    expect(goneOf(older, newer).gone).toEqual(missing(older, newer));
  }
});
