import { execFileSync, execSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** Packs the package into a folder, as it would be published, and returns the tarball's path. */
export function packInto(folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  // What lies in dist/, as the other tests use it: no build of its own beside them.
  execSync(`npm pack --silent --ignore-scripts --pack-destination "${folder}"`, { cwd: ROOT, stdio: 'pipe' });
  return path.join(
    folder,
    fs.readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
  );
}

/**
 * Puts the packed package into a project's node_modules, in the place of an earlier one. Only the package itself: inside
 * this repository it finds its dependencies in the upper node_modules, and nothing is compiled anew.
 */
export function unpackInto(project: string, tarball: string): string {
  const installed = path.join(project, 'node_modules', 'sqlite-autobackup');
  fs.rmSync(installed, { recursive: true, force: true });
  fs.mkdirSync(installed, { recursive: true });
  // Relative: to tar, a colon in a path means another machine.
  const from = path.relative(installed, tarball).split(path.sep).join('/');
  execFileSync('tar', ['-xzf', from, '--strip-components=1'], { cwd: installed });
  return installed;
}
