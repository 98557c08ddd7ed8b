import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, useCli, useShop } from './support';

// The page names the keys of every document that --json prints, and no others.
const cli = useCli();
const shop = useShop();
const page = fs.readFileSync(path.join(ROOT, 'docs', 'command-line.md'), 'utf8');
const section = page.split(/^(?=## )/m).find((each) => each.startsWith('## JSON documents\n'))!;

/** What a row names, without what is in parentheses: those are the keys of parts. */
function documented(row: string): string[] {
  const [, cell] =
    section
      .split('\n')
      .map((line) => /^\| (.+?) \| (.+) \|$/.exec(line)?.slice(1))
      .find((cells) => cells?.[0] === row) ?? [];
  expect({ row, found: cell !== undefined }).toEqual({ row, found: true });
  return [...cell!.replace(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, key]) => key!).sort();
}

type Document = Record<string, unknown>;

async function run(...args: string[]): Promise<Document> {
  const { stdout, json } = await cli.run([...args, '--json'], { cwd: shop.path });
  expect(stdout).not.toBe('');
  return json();
}

const keys = (value: unknown) => Object.keys(value as object).sort();
const first = (value: unknown) => (value as Document[])[0]!;

test('the keys of every document are those of the page', async () => {
  const nas = shop.file('nas');
  fs.mkdirSync(nas);
  shop.write(
    'autobackup.config.cjs',
    `const { directoryStore, keep } = require(${JSON.stringify(ROOT)});
     module.exports = { database: 'app.db', retention: keep({ last: 20 }), copies: [directoryStore(${JSON.stringify(nas)}, { host: 'shop-1' })] };`,
  );
  const documents: Record<string, Document> = {};
  const command = async (row: string, ...args: string[]) => (documents[row] = await run(...args));

  await command('`create`', 'create');
  const { name } = documents['`create`']!['backup'] as { name: string };
  await command('`create --if-due`', 'create', '--if-due');
  await command('`verify`', 'verify', name);
  await command('`status`', 'status');
  await command('`list`', 'list');
  await command('`list --from`', 'list', '--from', nas);
  await command('`verify --remote`', 'verify', '--remote', '--from', nas, '--host', 'shop-1');
  await command('`ship`', 'ship');
  await command('`pull`', 'pull', 'latest', '--from', nas, '--to', 'back.db');
  await command('`protect`', 'protect', name);
  await command('`unprotect`', 'unprotect', name);
  await command('`log`', 'log');
  await command('`completion`', 'completion', 'fish');
  await command('`doctor`', 'doctor');
  const db = new Database(shop.database);
  db.exec('UPDATE entries SET amount = amount + 1');
  db.close();
  // What is behind the first -- is the command's, the --json that run() adds too.
  await command('`run`', 'run', '--json', '--', process.execPath, '-e', '0', '--');
  await command('`diff`', 'diff', name, '--table', 'entries');
  await command('`query`', 'query', name, 'SELECT 1 AS a');
  await command('`recover`', 'recover', name, '--table', 'entries', '--where', 'TRUE', '--dry-run');
  await command('`restore`', 'restore', name, '--yes');
  await command('`prune`', 'prune', '--dry-run');
  await command('`delete`', 'delete', name, '--yes');

  const rows = [...section.matchAll(/^\| (`[^|]+`) \| (?!its)/gm)].map(([, row]) => row!);
  expect(rows).toEqual(expect.arrayContaining(Object.keys(documents)));
  for (const [row, document] of Object.entries(documents)) {
    expect({ row, keys: keys(document) }).toEqual({ row, keys: documented(row) });
  }
  const of = (row: string, key: string) => documents[row]![key];
  const parts: Record<string, unknown> = {
    'a backup': first(of('`list`', 'backups')),
    '`lastVerification` of a backup': first(of('`list`', 'backups'))['lastVerification'],
    '`lastVerification` of `status`': of('`status`', 'lastVerification'),
    '`database`': of('`status`', 'database'),
    '`due`': of('`doctor`', 'due'),
    'a verification': first(of('`verify`', 'results')),
    'a verification of a copy': first(of('`verify --remote`', 'results')),
    'a copy': first(of('`list --from`', 'copies')),
    'an answer of the verdict': first(of('`status`', 'answers')),
    'a store': first(of('`status`', 'copies')),
    'a shipping': first(of('`create`', 'copies')),
    'a table': first(of('`diff`', 'tables')),
    'a row': first(first(of('`diff`', 'tables'))['rows']),
    'a conflict': first(of('`recover`', 'conflicts')),
    'an activity': first(of('`log`', 'activity')),
    'a check': first(of('`doctor`', 'checks')),
  };
  const found = Object.entries(parts).map(([row, part]) => ({ row, keys: keys(part) }));
  expect(found).toEqual(Object.keys(parts).map((row) => ({ row, keys: documented(row) })));
}, 300_000);
