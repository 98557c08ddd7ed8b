import { BackupError, messageOf } from '../util/errors.js';
import { show } from '../util/show.js';

// A snapshotter may be the user's own, and may answer or throw anything.

/**
 * Refuses a malformed answer, which counts as a failed attempt: logged, emitted, backed off.
 *
 * @throws TypeError
 */
export function ensureAnswer(answer: unknown, ifOlderThanMs: number | null): void {
  // `createSync` that is async: it must not end the app as an unhandled rejection either.
  if (answer instanceof Promise) answer.catch(() => {});
  const { status, backup, latest } = (answer ?? {}) as Partial<Record<'status' | 'backup' | 'latest', unknown>>;
  if (status === 'created' && backup) return;
  if (status === 'fresh' && latest) {
    if (ifOlderThanMs !== null) return;
    throw new TypeError('it answered "fresh" to a request for a backup in any case');
  }
  throw new TypeError(`it answered ${show(answer)}`);
}

export function snapshotterFailed(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The snapshotter failed: ${messageOf(cause)}.`, {
    step: 'start',
    hint: 'This is a defect of the snapshotter; its own error is the cause of this one.',
    cause,
  });
}
