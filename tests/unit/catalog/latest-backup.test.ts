import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { manifestName, namesInOrder } from '#dist/catalog/backup-name.js';
import { findLatestBackup, latestBackup, RecordedTimes } from '#dist/catalog/latest-backup.js';
import { listAgain } from '#dist/catalog/list-backups.js';
import { runAsync, runSync } from '#dist/util/file-work.js';
import { aManifest, DAY, HOUR, MINUTE, NAMING, localTime, writeBackup } from '../../support/planted-backups';
import { DIST, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();
const now = localTime('2026-11-24 12:00:00').getTime();
const ago = (ms: number) => new Date(now - ms);
const folder = () => ({ directory: temp.path, naming: NAMING });
const remove = (name: string) => {
  fs.rmSync(temp.file(name));
  fs.rmSync(temp.file(manifestName(NAMING, name)), { force: true });
};

/** The newest, and the files of it that were looked at. */
function look(known: RecordedTimes) {
  const looks = jest.spyOn(fs, 'lstatSync');
  try {
    const { latest } = runSync(latestBackup(folder(), now, undefined, known));
    const files = looks.mock.calls.map(([file]) => path.basename(String(file))).filter((file) => file.endsWith('.db'));
    return { name: latest?.name, files };
  } finally {
    looks.mockRestore();
  }
}

describe('of many backups that were made within a day', () => {
  const names: string[] = [];
  let known: RecordedTimes;
  beforeEach(() => {
    known = new RecordedTimes();
    names.splice(0);
    for (let i = 0; i < 60; i++) names.push(writeBackup(temp.path, ago((i + 2) * MINUTE), { manifest: true }));
    expect(look(known).files).toHaveLength(60);
  });

  test('the next look reads the newest alone', () => {
    expect(look(known)).toEqual({ name: names[0], files: [names[0]] });
  });

  test('one that has come is read, and is the latest', () => {
    const added = writeBackup(temp.path, ago(MINUTE), { manifest: true });
    expect(look(known)).toEqual({ name: added, files: [added] });
  });

  test('one that has come from another zone is read, though its name is older', () => {
    const createdAt = ago(MINUTE).toISOString();
    const zoned = writeBackup(temp.path, ago(10 * HOUR), { mtime: ago(MINUTE), manifest: { createdAt } });
    expect(look(known).name).toBe(zoned);
  });

  test('when the newest has gone, the one before it is', () => {
    remove(names[0]!);
    expect(look(known)).toEqual({ name: names[1], files: [names[1]] });
  });

  test('one whose modification time was put back, and forth again, counts again', () => {
    for (const [i, name] of names.entries()) fs.utimesSync(temp.file(name), ago((8 + i) * DAY), ago((8 + i) * DAY));
    expect(look(known).name).toBe(names[0]);
    fs.utimesSync(temp.file(names[7]!), ago(9 * MINUTE), ago(9 * MINUTE));
    expect(look(known).name).toBe(names[7]);
  });

  test('when the newest was touched, or is damaged, it is not', () => {
    fs.utimesSync(temp.file(names[0]!), ago(8 * DAY), ago(8 * DAY));
    expect(look(known).name).toBe(names[1]);
    fs.truncateSync(temp.file(names[1]!), 1_000);
    expect(look(known).name).toBe(names[2]);
  });
});

test('one that was brought in from elsewhere is never the latest; one that does not count is told', () => {
  const good = writeBackup(temp.path, ago(3 * HOUR), { manifest: true });
  writeBackup(temp.path, ago(HOUR), { manifest: { importedAt: ago(HOUR).toISOString() } });
  const bad = writeBackup(temp.path, ago(2 * HOUR), { manifest: '{' });
  const { latest, ignored } = findLatestBackup(folder(), now);
  expect(latest?.name).toBe(good);
  expect(ignored.map(({ name, problem }) => [name, problem])).toEqual([[bad, 'unreadable manifest']]);
});

test('what a manifest says is asked again where it could not be read', () => {
  const known = new RecordedTimes();
  const newest = writeBackup(temp.path, ago(HOUR), { manifest: true });
  const hidden = writeBackup(temp.path, ago(5 * HOUR), { manifest: '{' });
  expect(look(known).name).toBe(newest);
  writeBackup(temp.path, ago(5 * HOUR), { mtime: ago(MINUTE), manifest: { createdAt: ago(MINUTE).toISOString() } });
  expect(look(known).name).toBe(hidden);
});

test('a file that has changed since the last look is read again', () => {
  const older = writeBackup(temp.path, ago(2 * HOUR), { manifest: true });
  const newest = writeBackup(temp.path, ago(HOUR), { manifest: true });
  const names = [older, newest];
  const listed = runSync(listAgain(folder(), now, { names, known: new Map() }, 'files'));
  const seen = { names, known: new Map(listed.map((backup) => [backup.name, backup])) };
  expect(runSync(latestBackup(folder(), now, seen)).latest?.name).toBe(newest);
  fs.utimesSync(temp.file(newest), ago(8 * DAY), ago(8 * DAY));
  expect(runSync(latestBackup(folder(), now, seen)).latest?.name).toBe(older);
});

test('where a zone has left out a day, a name of that day is read as the next one, and sorts before it', () => {
  // Samoa had no 30 December 2011: https://data.iana.org/time-zones/tzdb/australasia
  const latest = runNode<string>(
    `
    const fs = require('node:fs'), path = require('node:path');
    const { findLatestBackup } = require('${DIST}/catalog/latest-backup.js');
    const [directory, manifest] = process.argv.slice(1);
    const plant = (stamp, at) => {
      const file = path.join(directory, 'app_backup_' + stamp);
      fs.writeFileSync(file + '.db', Buffer.alloc(4096));
      fs.utimesSync(file + '.db', at, at);
      const own = { name: path.basename(file + '.db'), createdAt: at.toISOString() };
      fs.writeFileSync(file + '.json', JSON.stringify({ ...JSON.parse(manifest), ...own }));
    };
    // Made in zones that are nearly a day behind.
    plant('20111230_235900', new Date(2012, 0, 2, 0, 59));
    plant('20111231_010000', new Date(2011, 11, 31, 1));
    plant('20111231_110000', new Date(2012, 0, 1, 12));
    const naming = { prefix: 'app_backup_', extension: '.db' };
    console.log(JSON.stringify(findLatestBackup({ directory, naming }, Date.UTC(2012, 0, 4)).latest.name));`,
    { args: [temp.path, JSON.stringify(aManifest())], env: { TZ: 'Pacific/Apia' } },
  );
  expect(latest).toBe('app_backup_20111230_235900.db');
});

test('what is remembered changes no answer', () => {
  // Near to each other, and of zones that overlap.
  const minutes = fc.integer({ min: 1, max: 400 });
  const planted = fc.record({
    name: minutes,
    zone: fc.integer({ min: -3, max: 3 }),
    touched: fc.boolean(),
    is: minutes,
  });
  const step = fc.oneof(planted, fc.record({ gone: fc.nat() }), fc.record({ touched: fc.nat(), is: minutes }));
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 14 }), (steps) => {
      for (const name of fs.readdirSync(temp.path)) fs.rmSync(temp.file(name));
      const known = new RecordedTimes();
      for (const each of steps) {
        const names = fs.readdirSync(temp.path).filter((name) => name.endsWith('.db'));
        if ('gone' in each) {
          if (names.length > 0) remove(names[each.gone % names.length]!);
        } else if (!('name' in each)) {
          const file = names[each.touched % names.length];
          if (file) fs.utimesSync(temp.file(file), ago(each.is * MINUTE), ago(each.is * MINUTE));
        } else {
          const at = ago(each.name * MINUTE);
          const createdAt = new Date(at.getTime() - each.zone * HOUR).toISOString();
          const name = writeBackup(temp.path, at, {
            mtime: each.touched ? ago(each.is * MINUTE) : new Date(createdAt),
            manifest: { createdAt },
          });
          // A name is not given twice.
          if (names.includes(name)) known.keep(new Map());
        }
        const remembered = runSync(latestBackup(folder(), now, undefined, known)).latest?.name;
        expect(remembered).toBe(findLatestBackup(folder(), now).latest?.name);
      }
    }),
    { numRuns: 40 },
  );
});

test('names are put in order without a look at their digits, whatever their case', () => {
  const names = [
    'app_backup_20261124_120000.db',
    'app_backup_20261124_120000.json',
    'APP_backup_20261125_120000.db',
    'app_backup_20251124_120000.db',
    'app_backup_99999999_999999.db',
    'app_backup_20261124-120000.db',
    'shop_backup_2026112_120000.db',
    'app.db',
  ];
  const order = [3, 0, 2, 4].map((i) => names[i]);
  expect(namesInOrder(NAMING, names)).toEqual(order);
  expect(namesInOrder(NAMING, [...names].reverse())).toEqual(order);
});

test('a list of very many names is made in parts, between which the app has its turn', async () => {
  const backup = writeBackup(temp.path, ago(HOUR), { manifest: true });
  const [known] = await runAsync(listAgain(folder(), now, { names: [backup], known: new Map() }, 'names'));
  const names = Array.from({ length: 20_000 }, (_, i) =>
    backup.replace(/\d{8}_\d{6}/, `${20000101 + Math.floor(i / 1_000)}_${String(i % 1_000).padStart(6, '0')}`),
  );
  let turns = 0;
  const listing = listAgain(folder(), now, { names, known: new Map(names.map((name) => [name, known!])) }, 'names');
  const listed = await runAsync(listing, (call) => {
    turns += 1;
    return call.async();
  });
  expect(listed).toHaveLength(20_000);
  expect(turns).toBeGreaterThanOrEqual(20);
});
