// The child process. Table of contents of a backup: lock -> still due? -> space -> pin -> copy -> seal -> verify -> publish.
import fs from 'node:fs';
import type { Backup } from '../catalog/backup.js';
import { backupNaming } from '../catalog/backup-name.js';
import { readBackup } from '../catalog/list-backups.js';
import { errorToWire } from '../snapshot/protocol.js';
import type { ChildRequest, ChildResult, WireBackup } from '../snapshot/protocol.js';
import type { SnapshotRequest } from '../snapshot/snapshotter.js';
import { copy } from './copy.js';
import { Deadline } from './deadline.js';
import { explain } from './explain.js';
import { inspect } from './inspect.js';
import { takeLock } from './lock.js';
import { pinSource } from './pin.js';
import { publish } from './publish.js';
import { currentStep, enter, send } from './report.js';
import { seal } from './seal.js';
import { ensureFolder, ensureSource, ensureSpace } from './space.js';
import { findIfFresh } from './still-due.js';
import { partialPath, removePartial, sweep } from './sweep.js';
import { checkSnapshot } from './verify.js';
import { verifyPublished } from './verify-published.js';

async function createBackup(request: SnapshotRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  const deadline = new Deadline(request.timeoutMs);
  const folder = { directory: request.directory, naming: backupNaming(request.database) };

  enter('lock');
  ensureFolder(request.directory);
  const lock = takeLock(folder, request.database, deadline);
  let partial: string | undefined;
  try {
    enter('sweep');
    sweep(folder);

    enter('due');
    const fresh = findIfFresh(folder, request.ifOlderThanMs);
    if (fresh) return { kind: 'fresh', latest: toWire(fresh) };

    enter('space');
    ensureSource(request.database);
    ensureSpace(request.database, request.directory);

    enter('pin');
    const source = pinSource(request.database, deadline);
    const createdAt = new Date();
    partial = partialPath(folder, createdAt);
    send({ type: 'partial', path: partial });
    try {
      enter('copy');
      await copy(source, partial);
    } finally {
      source.close();
    }

    enter('seal');
    seal(partial);

    enter('verify');
    const { sha256, sizeBytes, uncheckedTables } = await checkSnapshot(partial, source.facts, request.verify);

    enter('publish');
    const { journalMode, pageSize, pageCount } = source.facts;
    const name = publish(folder, partial, createdAt, request.database, {
      createdAt: createdAt.toISOString(),
      ...(request.label !== undefined && { label: request.label }),
      sizeBytes,
      pageCount,
      pageSize,
      journalMode,
      sha256,
      verified: request.verify,
      ...(uncheckedTables.length > 0 && { uncheckedTables }),
      verifiedAt: new Date().toISOString(),
      durationMs: Math.round(performance.now() - startedAt),
      protected: false,
    });
    const backup = readBackup(folder, name, Date.now())!;
    return { kind: 'created', backup: toWire(backup), durationMs: Math.round(performance.now() - startedAt) };
  } catch (error) {
    if (partial !== undefined) removePartial(partial);
    throw error;
  } finally {
    lock.release();
  }
}

function toWire(backup: Backup): WireBackup {
  return { ...backup, createdAt: backup.createdAt.toISOString() };
}

function answer(request: ChildRequest): Promise<ChildResult> | ChildResult {
  switch (request.kind) {
    case 'create':
      return createBackup(request);
    case 'verify':
      return verifyPublished(request);
    case 'inspect':
      return inspect(request);
  }
}

async function main(): Promise<void> {
  // Backups hold everything that the database holds: readable by their owner only.
  process.umask(0o077);
  // Ctrl-C in a terminal reaches the whole process group. Whoever wants this child gone ends it; otherwise it finishes.
  process.on('SIGINT', () => {});
  const request = JSON.parse(fs.readFileSync(0, 'utf8')) as ChildRequest;
  try {
    send({ type: 'result', result: await answer(request) });
  } catch (error) {
    send({ type: 'error', error: errorToWire(explain(error, currentStep(), request)) });
    process.exitCode = 1;
  }
}

void main();
