import fs from 'node:fs';
import path from 'node:path';
import { isAbandoned, processToken, TOKEN } from '../util/process-token.js';

/**
 * Makes the folder in which `run` keeps its copies, beside the backups, so that the data stays under the permissions that are
 * meant for it. Its name says whose it is: what a run that was killed has left is removed by the next one.
 */
export function makeRunFolder(directory: string): string {
  sweepRunFolders(directory);
  const folder = path.join(directory, `.autobackup-run-${processToken()}`);
  fs.mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Makes a folder in that folder: two databases may have the same name, and each needs a place of its own for its copies. */
export function makeFolderInside(folder: string): string {
  return fs.mkdtempSync(path.join(folder, 'copies-'));
}

const RUN = new RegExp(`^\\.autobackup-run-(${TOKEN})$`);

function sweepRunFolders(directory: string): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const [, token] = RUN.exec(entry.name) ?? [];
    if (token === undefined || !entry.isDirectory()) continue;
    const folder = path.join(directory, entry.name);
    const { mtimeMs, uid } = fs.lstatSync(folder);
    if (uid !== (process.getuid?.() ?? uid) || !isAbandoned(token, mtimeMs)) continue;
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
