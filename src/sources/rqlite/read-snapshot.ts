import fs from 'node:fs';
import type http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSqlite, pageSizeIn } from '../../util/database-header.js';
import { isBackupError, messageOf } from '../../util/errors.js';
import type { Snapshot, SnapshotFacts, SnapshotTarget } from '../database-source.js';
import { hostOf, readText, refused } from './cluster.js';
import type { Cluster, Leader } from './cluster.js';
import { Interrupted, sourceError } from './errors.js';

/** A leader that changes once is an election; that often, the cluster is in trouble. */
const MAX_TRIES = 8;
const BETWEEN_TRIES_MS = 300;

/**
 * Reads the database from the leader into the target's file, again where the leader changes or dies meanwhile.
 *
 * rqlite sends its database file after it has taken its WAL into it. What it sends is judged here, since an answer can end as if
 * it were whole: when the leader dies while another node passes the file on, and when the WAL could not be taken in.
 */
export async function readSnapshot(cluster: Cluster, target: SnapshotTarget): Promise<Snapshot> {
  let file: string | undefined;
  for (let tries = 1; ; tries++) {
    try {
      target.beginStep('pin');
      const leader = await cluster.findLeader(target.remainingMs());
      return await readOnce(cluster, leader, target, async () => (file ??= await target.createFile()));
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (tries === MAX_TRIES) {
        const what = `The snapshot was interrupted ${MAX_TRIES} times, the last time since ${messageOf(error)}.`;
        throw sourceError(error.code, what, error);
      }
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

async function readOnce(
  cluster: Cluster,
  leader: Leader,
  target: SnapshotTarget,
  file: () => Promise<string>,
): Promise<Snapshot> {
  const takenAt = new Date();
  const before = await interrupting(cluster.status(leader));
  target.beginStep('space');
  target.ensureSpace(before.sizeBytes);
  target.beginStep('copy');
  const header = await download(cluster, leader, target, await file(), before.sizeBytes);
  // All of it is of one leader: no other can have acknowledged anything in its term.
  const confirmed = await cluster.confirm(leader);
  const after = await interrupting(cluster.status(leader));
  if (!after.isLeader || after.term !== before.term) throw new Interrupted('the leader has changed');
  if (after.snapshotIndex < before.appliedIndex) throw unfit('the leader has not taken its WAL in');
  const isSameSchema = confirmed.schemaDigest === leader.schemaDigest;
  const facts: SnapshotFacts = {
    journalMode: 'wal',
    pageSize: pageSizeIn(header),
    pageCount: header.readUInt32BE(28),
    userVersion: header.readInt32BE(60),
    applicationId: header.readInt32BE(68),
    ...(isSameSchema && { schemaDigest: leader.schemaDigest }),
  };
  return { takenAt, facts };
}

/** The leader answered a moment ago: what fails now is its end, unless it answers something else than rqlite does. */
async function interrupting<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isBackupError(error, 'ERR_BACKUP_SOURCE_DENIED')) throw error;
    if (isBackupError(error, 'ERR_BACKUP_SOURCE_FAILED'))
      throw unfit(`the leader is of no use (${messageOf(error)})`, error);
    throw new Interrupted('the leader is gone', error);
  }
}

/** @returns the first hundred bytes */
async function download(
  cluster: Cluster,
  { node }: Leader,
  target: SnapshotTarget,
  file: string,
  expectedBytes: number,
): Promise<Buffer> {
  const question = { method: 'GET', path: '/db/backup?redirect', slow: true } as const;
  const answer = await interrupting(cluster.ask(node, question));
  if (answer.statusCode === 301) {
    answer.destroy();
    throw new Interrupted('the leader has changed');
  }
  if (answer.statusCode !== 200) {
    const why = await refusal(node, answer);
    const isElection = isBackupError(why, 'ERR_BACKUP_SOURCE_NO_LEADER');
    throw isElection
      ? new Interrupted('the leader refused', why)
      : unfit(`the leader refused (${messageOf(why)})`, why);
  }
  const handle = await fs.promises.open(file, 'r+');
  let received = 0;
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    await handle.truncate(0);
    for await (const chunk of incoming(answer)) {
      if (received < HEADER_BYTES) chunk.copy(header, received);
      received += chunk.length;
      // An error page, or an answer without an end, is not written to the disk until that is full.
      if (received >= HEADER_BYTES && received > sizeIn(header)) throw notWhole(node, received);
      // A database that grew meanwhile may be larger than it said; one without an end must not fill the disk.
      if (crosses(received, chunk.length)) target.ensureSpace(SPARE_EVERY_BYTES);
      await handle.appendFile(chunk);
      target.progress(received, Math.max(received, expectedBytes));
    }
  } finally {
    answer.destroy();
    await handle.close();
  }
  if (received >= HEADER_BYTES && received === sizeIn(header)) return header;
  throw notWhole(node, received);
}

/** How long the database is, says its header; `0`: it is none. */
function sizeIn(header: Buffer): number {
  return isSqlite(header) ? header.readUInt32BE(28) * pageSizeIn(header) : 0;
}

function notWhole(node: string, received: number): Interrupted {
  return unfit(`the node at ${hostOf(node)} sent ${received} bytes, which are not a whole database`);
}

/** The leader is there, and what it answers is of no use. */
function unfit(what: string, cause?: unknown): Interrupted {
  return new Interrupted(what, cause, 'ERR_BACKUP_SOURCE_FAILED');
}

const HEADER_BYTES = 100;
const SPARE_EVERY_BYTES = 16 * 1024 * 1024;

function crosses(received: number, added: number): boolean {
  return Math.floor(received / SPARE_EVERY_BYTES) !== Math.floor((received - added) / SPARE_EVERY_BYTES);
}

async function* incoming(answer: http.IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw new Interrupted('the leader died in the middle', error);
  }
}

async function refusal(node: string, answer: http.IncomingMessage): Promise<Error> {
  const text = await readText(node, answer).catch(() => '');
  return refused(node, answer.statusCode, text);
}
