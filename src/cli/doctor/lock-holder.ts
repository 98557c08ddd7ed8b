import fs from 'node:fs';
import { span } from '../format.js';

export interface Holder {
  readonly pid: number;
  /** `''` where it may not be read. */
  readonly command: string;
  /** How long the process has been running. */
  readonly runningMs: number | undefined;
}

/** Linux's clock ticks a second, as /proc counts them everywhere. */
const TICKS = 100;

/**
 * The processes that hold a lock on a file, exclusive ones first; empty where the system does not tell. The file itself is
 * not opened: closing it would drop this process's locks, and the database is the app's.
 */
export function holdersOf(file: string): Holder[] {
  try {
    const { dev, ino } = fs.statSync(file);
    const locks = parseLocks(fs.readFileSync('/proc/locks', 'utf8')).filter((lock) => lock.inode === ino);
    // Some file systems (overlay, btrfs) have another device there than stat() says.
    const sure = locks.filter((lock) => lock.device === deviceName(dev));
    const held = (sure.length > 0 ? sure : locks).sort((a, b) => Number(b.exclusive) - Number(a.exclusive));
    return [...new Set(held.map(({ pid }) => pid))].filter((pid) => pid > 0).map(toHolder);
  } catch {
    return [];
  }
}

/** `process 4711 (node server.js), running for 12 seconds` */
export function describeHolder({ pid, command, runningMs }: Holder): string {
  const what = command === '' ? '' : ` (${command})`;
  return `process ${pid}${what}${runningMs === undefined ? '' : `, running for ${span(runningMs)}`}`;
}

/** `1: POSIX  ADVISORY  WRITE 4711 00:31:1234567 1073741824 1073742335`; waiting ones have `->` after the number. */
function parseLocks(text: string): { exclusive: boolean; pid: number; device: string; inode: number }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+: \w+ +\w+ +(READ|WRITE) +(-?\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) /.exec(line);
    if (!match) return [];
    return [{ exclusive: match[1] === 'WRITE', pid: Number(match[2]), device: match[3]!, inode: Number(match[4]) }];
  });
}

/** As /proc/locks writes it: major and minor number in hexadecimal. */
function deviceName(dev: number): string {
  const hex = (n: number): string => n.toString(16).padStart(2, '0');
  return `${hex((dev >>> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >>> 12) & 0xfff00))}`;
}

function toHolder(pid: number): Holder {
  return { pid, command: commandOf(pid), runningMs: runningMs(pid) };
}

function commandOf(pid: number): string {
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return command.length > 120 ? `${command.slice(0, 119)}…` : command;
  } catch {
    return '';
  }
}

function runningMs(pid: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // From the state on, which follows the name in parentheses: the start, in ticks since the machine's, is the 20th.
    const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const upSeconds = Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    return Math.max(0, (upSeconds - startTicks / TICKS) * 1000);
  } catch {
    return undefined;
  }
}
