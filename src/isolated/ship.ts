// The child process of a shipping. It holds the store's lock for as long as its parent's end of the pipe is open. Where a
// recipe lets it make the store, it also does the work on the store, so that the app's process pays nothing for it.
import readline from 'node:readline';
import { errorToWire } from '../child/protocol.js';
import type { ShipCommand, ShipMessage, ShipReply, ShipRequest } from '../child/ship-protocol.js';
import { throwIfAborted } from '../stores/backup-store.js';
import type { BackupStore } from '../stores/backup-store.js';
import { encodedBackup } from '../stores/encoded-backup.js';
import { digestObject, once, putDigested, putWatched, readText } from '../stores/transfer.js';
import { BackupError, isBackupError, messageOf } from '../util/errors.js';
import { Deadline } from './shared/deadline.js';
import { takeLockFile } from './shared/lock.js';
import type { Lock } from './shared/lock.js';

let request: ShipRequest;
let store: BackupStore | undefined;
/** Held until this process ends. The reference keeps the garbage collector from closing it. */
const locks: Lock[] = [];

function handleCommand(command: ShipCommand, signal: AbortSignal): Promise<unknown> {
  switch (command.type) {
    case 'lock':
      request = command.request;
      return takeStoreLock(signal);
    case 'put':
      return putDigested(theStore(), command.key, encodedBackup(request), { signal, sizeBytes: request.sizeBytes });
    case 'digest':
      return digestObject(theStore(), command.key, { signal });
    case 'read':
      return readText(theStore(), command.key, { signal });
    case 'write':
      return putWatched(theStore(), command.key, once(Buffer.from(command.text)), { signal });
    case 'remove':
      return theStore().remove(command.key, { signal });
    case 'list':
      return theStore().list(command.prefix, { signal });
    case 'sweep':
      return Promise.resolve(theStore().sweep?.(command.prefix, { signal }));
  }
}

function theStore(): BackupStore {
  if (store) return store;
  const { module, name, args } = request.recipe!;
  const made = require(module) as Record<string, (...args: readonly unknown[]) => BackupStore>;
  return (store = made[name]!(...args));
}

/** Waits in short steps, so that the parent's end is seen meanwhile. Resolves with `false` if the lock stays taken. */
async function takeStoreLock(signal: AbortSignal): Promise<boolean> {
  const deadline = new Deadline(request.waitMs);
  for (;;) {
    throwIfAborted(signal);
    try {
      locks.push(await takeLockFile(request.lockFile, request.database, new Deadline(LOCK_STEP_MS)));
      return true;
    } catch (error) {
      if (!isBackupError(error, 'ERR_BACKUP_LOCK_TIMEOUT')) throw error;
      if (deadline.over) return false;
      await new Promise((resolve) => setTimeout(resolve, LOCK_STEP_MS));
    }
  }
}

const LOCK_STEP_MS = 50;

async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  let reply: ShipReply;
  try {
    reply = { id, result: await work() };
  } catch (error) {
    reply = { id, error: errorToWire(isBackupError(error) ? error : unexpected(error)) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function unexpected(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_STORE_FAILED', `The copy could not be made (${messageOf(cause)}).`, {
    step: 'ship',
    hint: 'It is tried again. The cause of this error is what the store or the system said.',
    cause,
  });
}

function main(): void {
  process.umask(0o077);
  // Ctrl-C in a terminal reaches the whole process group. The parent decides; its end is seen below.
  process.on('SIGINT', () => {});
  process.stdout.on('error', () => {});
  const running = new Map<number, AbortController>();
  const works = new Set<Promise<void>>();
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const message = JSON.parse(line) as ShipMessage;
    if (message.type === 'abort') return running.get(message.id)?.abort(new Error('the parent has cancelled it'));
    const controller = new AbortController();
    running.set(message.id, controller);
    const work = answer(message.id, async () => handleCommand(message, controller.signal)).finally(() => {
      running.delete(message.id);
      works.delete(work);
    });
    works.add(work);
  });
  // The end of the input is the end of the parent, or of its need. An unfinished put is given up and cleared away, where
  // there is time for it. Then the system drops the lock with this process.
  lines.on('close', () => {
    for (const controller of running.values()) controller.abort(new Error('the parent is gone'));
    setTimeout(() => process.exit(), CLEAN_UP_MS);
    void Promise.allSettled(works).then(() => process.exit());
  });
}

const CLEAN_UP_MS = 9_000;

main();
