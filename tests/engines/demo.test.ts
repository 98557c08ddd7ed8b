import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

// `npm run demo -- --rqlite`, on a cluster of three nodes. Its claims are checked by itself: what does not hold ends it with 1.
const ROOT = path.join(__dirname, '..', '..');
let built: string;

beforeAll(() => {
  // In this repository, where it finds the package, its own dependencies and rqlite.
  fs.mkdirSync(path.join(ROOT, 'build'), { recursive: true });
  built = fs.mkdtempSync(path.join(ROOT, 'build', 'pos-'));
  const tsc = require.resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'docs/examples/pos', '--outDir', built], { cwd: ROOT, stdio: 'pipe' });
});
afterAll(() => fs.rmSync(built, { recursive: true, force: true }));

test('the demo shop on rqlite: its scenarios hold, and the one invoice comes back by a script while three stay', () => {
  const demo = spawnSync(process.execPath, [path.join(built, 'main.js'), '--rqlite'], { encoding: 'utf8' });
  expect({ status: demo.status, stderr: demo.stderr }).toEqual({ status: 0, stderr: '' });
  expect(demo.stdout).toContain('its database: rqlite at http://127.0.0.1:');
  // One for each of the scenarios 1, 3 (twice), 4, 5 and 6.
  expect(demo.stdout.match(/a backup:$/gm)).toHaveLength(6);
  expect(demo.stdout).toMatch(/sql {3}INSERT INTO "invoices"/);
  expect(demo.stdout).toContain('seen  the invoice is back with its line, and no other has gone');
  expect(demo.stdout).toContain('All of it holds.');
});
