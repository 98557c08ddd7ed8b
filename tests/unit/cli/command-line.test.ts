import { execFileSync } from 'node:child_process';
import path from 'node:path';
import fc from 'fast-check';
import { commandLine } from '#dist/cli/command-line.js';

const onPosix = process.platform === 'win32' ? test.skip : test;

/** The words that a real shell makes of each line. */
function pasted(lines: readonly string[]): string[][] {
  const script = `npx() { printf '%s\\0' "$@"; printf '\\1'; }\n${lines.join('\n')}\n`;
  const output = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
  return output
    .split('\u0001')
    .slice(0, -1)
    .map((words) => words.split('\0').slice(0, -1));
}

const ODD = [
  "/it's a shop/app.db",
  '/shop/$HOME `id` "now" & more; #1/app.db',
  '/back\\slash/*?[a]{b}~!.db',
  '/größe 日本/👍.db',
  '/tab\there\nand a line\u202e/100%d.db',
  '~/app.db',
];

onPosix.each(ODD)('%j is one word when it is pasted into a shell', (database) => {
  const line = commandLine({ flags: { database } }, 'restore', 'app_backup_20261124_093000.db');
  expect(line).not.toMatch(/[\n\t\u202e]/);
  expect(pasted([line])).toEqual([
    ['sqlite-autobackup', 'restore', 'app_backup_20261124_093000.db', '--database', path.resolve(database)],
  ]);
});

onPosix('so is whatever else there may be', () => {
  const words = fc
    .sample(fc.string({ unit: 'grapheme', minLength: 1 }), { numRuns: 300, seed: 7 })
    .filter((text) => !['\0', '\u0001'].some((char) => text.includes(char)) && !text.endsWith('\n'));
  const lines = words.map((word) => commandLine({ flags: { service: word } }, 'restore', 'a.db'));
  expect(pasted(lines)).toEqual(words.map((word) => ['sqlite-autobackup', 'restore', 'a.db', '--service', word]));
});

test('a name that begins like an option is taken for none', () => {
  const line = commandLine({ flags: { service: 'till' } }, 'recover', '-app_backup_1.db', '--table', 'TABLE');
  expect(line).toBe('npx sqlite-autobackup recover --table TABLE --service till -- -app_backup_1.db');
});
