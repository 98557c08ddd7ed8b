import fs from 'node:fs';
import path from 'node:path';
import { databaseFiles } from '../../catalog/side-files.js';
import { asRoot } from '../shared/work-as-owner.js';
import { BackupError } from '../../util/errors.js';

export interface User {
  readonly pid: number;
  readonly command: string;
}

/**
 * Linux: the other processes that have one of the files open, also under another path (a container's) or after it was
 * deleted. Other systems have no such list, and processes of other users are seen by root only: there a lock that somebody
 * holds is all that tells (docs/guarantees.md).
 */
export function usersOf(files: readonly string[]): User[] {
  if (process.platform !== 'linux') return [];
  return asRoot(() => findUsers(files));
}

function findUsers(files: readonly string[]): User[] {
  const wanted = new Set(files.flatMap((file) => [file, `${file} (deleted)`]));
  const inodes = new Set(files.map(inodeOf).filter((inode) => inode !== undefined));
  return readdir('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      readdir(`/proc/${pid}/fd`).some((fd) => {
        const link = `/proc/${pid}/fd/${fd}`;
        const inode = inodeOf(link);
        return (inode !== undefined && inodes.has(inode)) || wanted.has(readlink(link));
      }),
    )
    .map((pid) => ({ pid: Number(pid), command: commandOf(pid) }));
}

/** @throws BackupError `ERR_BACKUP_RESTORE_IN_USE` */
export function refuseIfInUse(database: string): void {
  const users = usersOf(databaseFiles(database));
  if (users.length > 0) throw inUse(database, users);
}

export function inUse(database: string, users: readonly User[], cause?: unknown): BackupError {
  const who =
    users.length > 0 ? users.map(({ pid, command }) => `process ${pid} (${command})`).join(', ') : 'another process';
  return new BackupError(
    'ERR_BACKUP_RESTORE_IN_USE',
    `"${database}" has to be replaced as a file, and ${who} has it open.`,
    {
      step: 'replace',
      hint: 'Nothing was changed. Stop the app and whatever else uses the database, and restore with the command line.',
      cause,
    },
  );
}

function inodeOf(file: string): string | undefined {
  try {
    const { dev, ino } = fs.statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

// A process may end, or belong to somebody else.
function readdir(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function readlink(link: string): string {
  try {
    return fs.readlinkSync(link);
  } catch {
    return '';
  }
}

/** The program's name. Not /proc/PID/comm: that is the main thread's, and Node 24 calls it "node-MainThread". */
function commandOf(pid: string): string {
  return path.basename(readlink(`/proc/${pid}/exe`)) || 'gone';
}
