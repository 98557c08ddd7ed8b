import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, isBackupError, messageOf } from '../../util/errors.js';
import type { PutBack, RestorableBackup, RestoreControl } from '../database-source.js';
import { readText, refused } from './cluster.js';
import type { Cluster, Leader, NodeStatus } from './cluster.js';
import { Interrupted } from './errors.js';

/** So long nobody may have written, for the cluster to count as quiet. */
const QUIET_MS = 1_000;
const MAX_TRIES = 3;

/**
 * Loads a backup into the cluster: is it quiet? -> safety backup -> still quiet? -> load -> compare.
 *
 * The load is one entry of the log, so every node has the old or the restored database. But rqlite has no lock that would keep
 * writers out between the safety backup and the load. So it is refused while somebody writes, and told if somebody did.
 */
export async function loadBackup(
  cluster: Cluster,
  backup: RestorableBackup,
  control: RestoreControl,
): Promise<PutBack> {
  let interrupted: Interrupted | undefined;
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    try {
      const saved = await saveQuietState(cluster, control);
      const brokeOff = await send(cluster, saved.leader, backup, control);
      return await prove(cluster, { ...saved, brokeOff }, control);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      // The node did not lead any more, and has taken nothing.
      await control.discardState();
      interrupted = error;
    }
  }
  throw busy(messageOf(interrupted), interrupted);
}

interface Saved {
  readonly leader: Leader;
  /** Right before the load. */
  readonly seen: NodeStatus;
  readonly safety: string;
}

async function saveQuietState(cluster: Cluster, control: RestoreControl): Promise<Saved> {
  control.beginStep('block-writers');
  const leader = await cluster.findLeader(control.remainingMs());
  const before = await cluster.status(leader);
  const look = (): Promise<NodeStatus> =>
    control.whileWritten ? cluster.status(leader) : ensureQuiet(cluster, leader, before);
  if (!control.whileWritten) await sleep(QUIET_MS);
  await look();
  const { name: safety } = await control.saveState();
  try {
    return { leader, seen: await look(), safety };
  } catch (error) {
    await control.discardState();
    throw error;
  }
}

/** @throws Interrupted, or a BackupError `ERR_BACKUP_RESTORE_BUSY` where somebody has written since `before` */
async function ensureQuiet(cluster: Cluster, leader: Leader, before: NodeStatus): Promise<NodeStatus> {
  await cluster.confirm(leader);
  const now = await cluster.status(leader);
  if (now.term !== before.term) throw new Interrupted('the leader has changed');
  if (now.appliedIndex !== before.appliedIndex) throw busy('somebody writes to it');
  return now;
}

/**
 * @returns why the answer did not come, if it did not: the load may have been done all the same
 * @throws Interrupted, or a BackupError `ERR_BACKUP_SOURCE_DENIED`, where nothing was taken
 */
async function send(
  cluster: Cluster,
  { node }: Leader,
  { file, sizeBytes }: RestorableBackup,
  control: RestoreControl,
): Promise<unknown> {
  control.beginStep('restore');
  const sent = { path: file, sizeBytes, onProgress: (done: number) => control.progress(done, sizeBytes) };
  try {
    const answer = await cluster.ask(node, { method: 'POST', path: '/db/load?redirect', file: sent, slow: true });
    const text = await readText(node, answer);
    if (answer.statusCode === 301) throw new Interrupted('the leader has changed');
    if (answer.statusCode === 200) return undefined;
    return refused(node, answer.statusCode, text);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    if (!isBackupError(error, 'ERR_BACKUP_SOURCE_DENIED')) return error;
    await control.discardState();
    throw error;
  }
}

/** Reads the cluster back: only what it holds says whether it was restored. */
async function prove(
  cluster: Cluster,
  { seen, safety, brokeOff }: Saved & { readonly brokeOff: unknown },
  control: RestoreControl,
): Promise<PutBack> {
  control.beginStep('compare');
  const done = { method: 'online', journalMode: 'wal' } as const;
  try {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const before = await cluster.status(await cluster.findLeader(control.remainingMs()));
      const isEqual = await control.isEqual();
      if (isEqual && (control.whileWritten || isNextEntry(seen, before))) return done;
      if (isEqual) throw failed(`it is restored, but ${inBetween(seen, before)}`, safety);
      const after = await cluster.status(await cluster.findLeader(control.remainingMs()));
      if (after.appliedIndex !== before.appliedIndex) continue;
      if (brokeOff !== undefined && after.appliedIndex === seen.appliedIndex)
        throw failed(`the load broke off and the state before is there (${messageOf(brokeOff)})`, safety, brokeOff);
      if (after.appliedIndex === seen.lastLogIndex + 1) throw failed('it is not equal to the backup', safety, brokeOff);
      break;
    }
  } catch (error) {
    if (isBackupError(error, 'ERR_BACKUP_RESTORE_FAILED')) throw error;
    throw failed(`it could not be read back (${messageOf(error)})`, safety, brokeOff ?? error);
  }
  // Others have written since, so that neither the contents nor the index says what became of the load.
  if (brokeOff !== undefined) {
    const why = `the load broke off (${messageOf(brokeOff)})`;
    throw failed(`${why}, and others write, so that nobody knows whether it was done`, safety, brokeOff);
  }
  if (control.whileWritten) return { ...done, compared: false };
  throw failed('others wrote to it at once, so that it could not be compared', safety);
}

/** Is the load the entry that follows what was seen? Else somebody was in between: a writer, or the first entry of a new leader. */
function isNextEntry(seen: NodeStatus, now: NodeStatus): boolean {
  const next = seen.lastLogIndex + 1;
  // A new term has one leader at most, and its first entry changes nothing: then there are two, and no third.
  return now.appliedIndex === next || (now.term === seen.term + 1 && now.lastLogIndex === next + 1);
}

function inBetween(seen: NodeStatus, now: NodeStatus): string {
  const others = 'others wrote in the same moment, and that is lost';
  return now.term === seen.term
    ? others
    : `leaders were elected in the same moment, and nobody can tell whether ${others}`;
}

function busy(why: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_BUSY', `The cluster is not quiet: ${why}; it was not changed.`, {
    step: 'block-writers',
    hint:
      'Stop the writers and try again. With "whileWritten: true" it is restored all the same, and what is written between ' +
      'the safety backup and the load is lost.',
    cause,
  });
}

function failed(what: string, safety: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_FAILED', `The cluster was asked to load the backup: ${what}.`, {
    step: 'compare',
    hint: `The state before is in the protected backup "${safety}".`,
    cause,
  });
}
