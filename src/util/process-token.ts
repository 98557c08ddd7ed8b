import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';

// Names of unfinished work that say which process it belongs to, so that others can tell when nobody finishes it any more.

/** `'3f2z-2hw-9a0k'`: this machine (or container) since it was started, this process, and something random. Short. */
export function processToken(): string {
  return `${machine()}-${process.pid.toString(36)}-${fourOf(crypto.randomBytes(4))}`;
}

export const TOKEN = '[0-9a-z]{4}-[0-9a-z]+-[0-9a-z]{4}';

function fourOf(bytes: Buffer): string {
  return (bytes.readUInt32BE() % 36 ** 4).toString(36).padStart(4, '0');
}

/**
 * Is the process of this token gone? Of another machine's, which may share the folder, only the age can tell.
 *
 * @param changedAt when the work was last written to
 */
export function isAbandoned(token: string, changedAt: number, now = Date.now()): boolean {
  const [where, pid = ''] = token.split('-');
  if (where !== machine()) return now - changedAt > ABANDONED_MS;
  try {
    // Signal 0 is not sent: it only asks whether there is such a process.
    process.kill(parseInt(pid, 36), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Longer than any work goes on without writing: a pull fails after half an hour in which nothing has moved. */
const ABANDONED_MS = 2 * 3_600_000;

let known: string | undefined;

/** Process numbers begin anew with each start of a machine, and each container has its own. */
function machine(): string {
  if (known !== undefined) return known;
  const parts = [os.hostname()];
  for (const read of [
    () => fs.readlinkSync('/proc/self/ns/pid'),
    () => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'),
  ]) {
    try {
      parts.push(read());
    } catch {
      // Only Linux has these files.
    }
  }
  return (known = fourOf(crypto.createHash('sha256').update(parts.join('\0')).digest()));
}
