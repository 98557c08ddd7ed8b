import fs from 'node:fs';
import path from 'node:path';
import { EXIT } from '#dist/cli/exit-codes.js';
import { ROOT, useCli } from './support';

// The page and the program say the same: commands, arguments, options, and the words for each.
const cli = useCli();
const page = fs.readFileSync(path.join(ROOT, 'docs', 'command-line.md'), 'utf8');

interface Help {
  usage: string;
  commands: Record<string, string>;
  options: Record<string, string>;
  common: Record<string, string>;
}

/** What `--help` prints, in a terminal so wide that no line is wrapped. */
async function helpOf(...command: string[]): Promise<Help> {
  const { code, stdout } = await cli.run([...command, '--help'], { env: { COLUMNS: '500' } });
  expect(code).toBe(0);
  const unwrapped = stdout.replace(/\n {8,}/g, ' ');
  const section = (title: string): Record<string, string> => {
    const [, rows = ''] = new RegExp(`^${title}:\\n((?:  .*\\n)+)`, 'm').exec(unwrapped) ?? [];
    return Object.fromEntries(
      rows
        .trimEnd()
        .split('\n')
        .filter(Boolean)
        .map((row) => row.trim().split(/ {2,}/)),
    );
  };
  return {
    usage: /^Usage: (.*)$/m.exec(stdout)![1]!,
    commands: section('Commands'),
    options: section('Options'),
    common: section('Global Options'),
  };
}

function rowsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, key, value]) => [key, value]));
}

/** The part of the page under a heading, up to the next one. */
function part(heading: string): string {
  const found = page.split(/^(?=##+ )/m).find((each) => each.startsWith(`${heading}\n`));
  expect({ heading, found: found !== undefined }).toEqual({ heading, found: true });
  return found!;
}

const HELP = { '-h, --help': 'display help for command' };

test('the page has the commands of the program, and the options that all of them have', async () => {
  const { commands, options } = await helpOf();
  const { 'help [command]': _, ...own } = commands;
  const named = Object.fromEntries(Object.entries(own).map(([usage, text]) => [usage.split(' ')[0], text]));
  expect(Object.keys(named).length).toBeGreaterThanOrEqual(10);
  expect(rowsOf(part('## Commands'))).toEqual(named);
  expect(rowsOf(part('## Options of every command'))).toEqual(options);
  const headings = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(Object.keys(named));
});

test.each([...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name!))(
  'the page has the usage and the options of %s',
  async (command) => {
    const { usage, options, common } = await helpOf(command);
    const { options: all } = await helpOf();
    const described = part(`### ${command}`);
    expect(/^```\n(.*)\n```$/m.exec(described)![1]).toBe(
      usage.replace(' [options]', (text) => (hasOwn(options) ? text : '')),
    );
    expect({ ...rowsOf(described), ...HELP }).toEqual(options);
    expect({ ...common, ...HELP }).toEqual(all);
  },
);

/** commander writes [options] for --help alone, too. */
function hasOwn(options: Record<string, string>): boolean {
  return Object.keys(options).length > 1;
}

test('the page has every exit code, and no other', () => {
  const codes = [...part('## Exit codes').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});
