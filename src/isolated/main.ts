// The child process. Table of contents of a backup: lock -> still due? -> space -> pin -> copy -> seal -> verify -> publish
// (from `space` on in take-backup.ts). Of a restore: restore.ts.
import fs from 'node:fs';
import { keepPolicyRecord } from '../catalog/policy-record.js';
import { backupToWire, errorToWire } from '../child/protocol.js';
import type { ChildRequest, ChildResult } from '../child/protocol.js';
import type { SnapshotRequest } from '../child/protocol.js';
import { runAsync } from '../util/file-work.js';
import { hasStuckThread } from './verify/assertions.js';
import { Deadline } from './shared/deadline.js';
import { explain } from './shared/explain.js';
import { importFile } from './import/import-file.js';
import { inspect } from './inspect.js';
import { inLockedFolder } from './shared/locked-folder.js';
import { probe } from './probe.js';
import { protect } from './protect.js';
import { partialPath } from './shared/temp-files.js';
import { currentStep, beginStep, send } from './shared/steps.js';
import { diff } from './rows/diff.js';
import { query } from './rows/query.js';
import { recover } from './rows/recover.js';
import { restore } from './restore/restore.js';
import { findIfFresh } from './backup/still-due.js';
import { isIdleWal } from './backup/idle-wal.js';
import { takeBackup } from './backup/take-backup.js';
import { workAsOwner } from './shared/work-as-owner.js';
import { verifyBackup } from './verify/verify-backup.js';

async function createBackup(request: SnapshotRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  const deadline = new Deadline(request.timeoutMs);
  return inLockedFolder(request, deadline, async (folder) => {
    beginStep('due');
    const fresh = await findIfFresh(folder, request);
    if (fresh) return { kind: 'fresh', latest: backupToWire(fresh) };

    beginStep('space');
    const idleWal = isIdleWal(request.database);
    const backup = await takeBackup({ ...request, protected: false, idleWal, startedAt }, folder, deadline);
    // The backup is made: if the record cannot be written, nobody who relies on it removes anything.
    const { database, policy } = request;
    if (policy !== undefined) {
      await runAsync(keepPolicyRecord(folder, database, policy, (createdAt) => partialPath(folder, createdAt)));
    }
    return { kind: 'created', backup: backupToWire(backup), durationMs: Math.round(performance.now() - startedAt) };
  });
}

function answer(request: ChildRequest): Promise<ChildResult> | ChildResult {
  switch (request.kind) {
    case 'create':
      return createBackup(request);
    case 'verify':
      return verifyBackup(request);
    case 'inspect':
      return inspect(request);
    case 'probe':
      return probe(request);
    case 'restore':
      return restore(request);
    case 'protect':
      return protect(request);
    case 'import':
      return importFile(request);
    case 'diff':
      return diff(request);
    case 'recover':
      return recover(request);
    case 'query':
      return query(request);
  }
}

async function main(): Promise<void> {
  // Backups hold everything that the database holds: readable by their owner only.
  process.umask(0o077);
  // Ctrl-C in a terminal reaches the whole process group. Whoever wants this child gone ends it; otherwise it finishes.
  process.on('SIGINT', () => {});
  const request = JSON.parse(fs.readFileSync(0, 'utf8')) as ChildRequest;
  try {
    workAsOwner(request);
    send({ type: 'result', result: await answer(request) });
  } catch (error) {
    send({ type: 'error', error: errorToWire(explain(error, currentStep(), request)) });
    process.exitCode = 1;
  }
  // A SELECT that never ends: nothing else stops its thread, and this process would not end.
  if (hasStuckThread()) process.kill(process.pid, 'SIGKILL');
}

void main();
