import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { appendLines, readActivities } from '#dist/activity/activity-files.js';
import { formatActivity } from '#dist/activity/activity.js';
import { runAsync, runSync } from '#dist/util/file-work.js';
import { rejectionOf } from '../../support/errors';
import { NAMING } from '../../support/planted-backups';
import { DIST } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();
const onPosix = process.platform === 'win32' ? test.skip : test;
const FILE = '.app_backup.activity.jsonl';
const AT = new Date('2026-11-24T09:30:00.000Z');

const folder = () => ({ directory: temp.path, naming: NAMING, database: temp.file('app.db') });
const line = (second: number, name = `number ${second}`) =>
  formatActivity({ at: new Date(AT.getTime() + second * 1000), action: 'deleted', by: { via: 'cli' }, name });
const append = (text: string, now = AT) => runAsync(appendLines(folder(), text, now));
const read = async (limit = 100, before?: number) =>
  (await runAsync(readActivities(folder(), limit, before))).map(({ name }) => name);
const files = () => fs.readdirSync(temp.path).sort();

test('no record is an empty one', async () => {
  expect(await read()).toEqual([]);
});

test('what is appended is read newest first, at most as much as was asked for, and only what was before a moment', async () => {
  for (const second of [1, 2, 3]) await append(line(second));
  runSync(appendLines(folder(), line(4), AT));
  expect(await read()).toEqual(['number 4', 'number 3', 'number 2', 'number 1']);
  expect(await read(2)).toEqual(['number 4', 'number 3']);
  expect(await read(2, AT.getTime() + 3000)).toEqual(['number 2', 'number 1']);
});

test('a clock that was put back does not hide what came later', async () => {
  await append(line(100) + line(1));
  expect(await read()).toEqual(['number 100', 'number 1']);
});

onPosix('the file is readable by its owner only', async () => {
  await append(line(1));
  expect(fs.statSync(temp.file(FILE)).mode & 0o777).toBe(0o600);
});

test('a line that a crash has torn is lost, the next one is not', async () => {
  await append(line(1));
  fs.appendFileSync(temp.file(FILE), line(2).slice(0, 40));
  await append(line(3));
  expect(await read()).toEqual(['number 3', 'number 1']);
});

onPosix.each([
  ['a link', () => fs.symlinkSync(temp.file('victim'), temp.file(FILE))],
  ['a link to nothing', () => fs.symlinkSync(temp.file('nothing'), temp.file(FILE))],
  ['a second name of another file', () => fs.linkSync(temp.file('victim'), temp.file(FILE))],
  ['a folder', () => fs.mkdirSync(temp.file(FILE))],
  ['a pipe', () => execFileSync('mkfifo', [temp.file(FILE)])],
])('%s in its place is not written through', async (_what, plant) => {
  fs.writeFileSync(temp.file('victim'), 'untouched');
  plant();
  await expect(append(line(1))).rejects.toThrow();
  expect(fs.readFileSync(temp.file('victim'), 'utf8')).toBe('untouched');
  expect(fs.existsSync(temp.file('nothing'))).toBe(false);
});

test('a record that cannot be read is a failure, not an empty one', async () => {
  fs.mkdirSync(temp.file(FILE));
  expect(await rejectionOf(read())).toMatchObject({ code: 'ERR_BACKUP_RECORD_FAILED' });
});

test('a full file is moved aside, the newest ones stay and are read on, and what is older goes', async () => {
  const big = (second: number) => line(second) + ' '.repeat(256 * 1024) + '\n';
  for (const second of [1, 2, 3, 4, 5]) await append(big(second), new Date(AT.getTime() + second));
  await append(line(6), new Date(AT.getTime() + 6));
  const [current, ...full] = files()
    .reverse()
    .sort((a, b) => a.length - b.length);
  expect(current).toBe(FILE);
  expect(full).toHaveLength(3);
  expect(await read()).toEqual(['number 6', 'number 5', 'number 4', 'number 3']);
  const bytes = files().reduce((sum, name) => sum + fs.statSync(temp.file(name)).size, 0);
  expect(bytes).toBeLessThan(1_500_000);
});

test('processes that append at the same time, beyond the size of a file, lose no line', async () => {
  // 800 kB in all: fewer files than stay.
  const [writers, lines] = [4, 500];
  const script = `
    const [directory, writer, lines] = process.argv.slice(1);
    const { appendLines } = require(${JSON.stringify(`${DIST}/activity/activity-files.js`)});
    const { formatActivity } = require(${JSON.stringify(`${DIST}/activity/activity.js`)});
    const { backupNaming } = require(${JSON.stringify(`${DIST}/catalog/backup-name.js`)});
    const { runAsync } = require(${JSON.stringify(`${DIST}/util/file-work.js`)});
    const database = directory + '/app.db';
    const folder = { directory, database, naming: backupNaming(database) };
    const more = { action: 'deleted', by: { via: 'cli' }, message: 'x'.repeat(250) };
    (async () => {
      for (let i = 0; i < Number(lines); i++) {
        const text = formatActivity({ at: new Date(), ...more, name: writer + ' ' + i });
        await runAsync(appendLines(folder, text, new Date()));
      }
    })();`;
  const write = (writer: number) =>
    promisify(execFile)(process.execPath, ['-e', script, '--', temp.path, String(writer), String(lines)]);
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const names = await read(100_000);
  expect(new Set(names).size).toBe(writers * lines);
  expect(names).toHaveLength(writers * lines);
  expect(files().length).toBeGreaterThan(1);
});

test('files of others beside it are neither read nor removed', async () => {
  const others = ['.app_backup.activity.jsonl.bak', '.other_backup.activity.jsonl', '.app_backup.activity-x.jsonl'];
  for (const name of others) fs.writeFileSync(path.join(temp.path, name), line(9));
  await append(line(1));
  expect(await read()).toEqual(['number 1']);
});

test('no more files are read than this package keeps, however many somebody has planted', async () => {
  for (let i = 10; i < 60; i++) fs.writeFileSync(temp.file(`.app_backup.activity-2026${i}-a.jsonl`), line(i));
  await append(line(100));
  expect(await read()).toHaveLength(16);
  expect(await read(2)).toEqual(['number 100', 'number 59']);
});

test('of a file that somebody has filled up, or that was planted, the end is read', async () => {
  await append(line(1));
  fs.truncateSync(temp.file(FILE), 500_000_000);
  fs.appendFileSync(temp.file(FILE), `\n${line(2)}`);
  expect(await read()).toEqual(['number 2']);
  expect(runSync(readActivities(folder(), 10))).toHaveLength(1);
  // The next one begins a new file.
  await append(line(3));
  expect(await read()).toEqual(['number 3', 'number 2']);
});
