import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

let made: string | undefined;
afterAll(() => {
  if (made !== undefined) fs.rmSync(made, { recursive: true, force: true });
  made = undefined;
});

/**
 * A folder that every user may read, with the built package and what it depends on in its node_modules. The checkout itself
 * may lie below a folder, such as /root, that other users may not enter. Made once for each test file.
 */
export function packageForOtherUsers(): string {
  if (made !== undefined) return made;
  made = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-for-others-'));
  const list = execFileSync('npm', ['ls', '--all', '--omit=dev', '--omit=optional', '--omit=peer', '--parseable'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const dependencies = list.split('\n').filter((folder) => folder.includes(`${path.sep}node_modules${path.sep}`));
  for (const folder of dependencies) {
    fs.cpSync(folder, path.join(made, path.relative(ROOT, folder)), { recursive: true, filter: isNoSource });
  }
  const own = path.join(made, 'node_modules', 'sqlite-autobackup');
  fs.cpSync(path.join(ROOT, 'dist'), path.join(own, 'dist'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(own, 'package.json'));
  execFileSync('chmod', ['-R', 'a+rX', made]);
  return made;
}

/** better-sqlite3 brings SQLite's source, which nothing needs at run time. */
function isNoSource(file: string): boolean {
  return !/better-sqlite3[\\/](deps|src)$/.test(file);
}
