import fs from 'node:fs';
import path from 'node:path';
import type { SnapshotControl, SnapshotRequest, SnapshotResult, Snapshotter } from 'sqlite-autobackup';
import { backupName, backupNaming } from '#dist/catalog/backup-name.js';
import { readBackup } from '#dist/catalog/list-backups.js';

export interface FakeSnapshotter extends Snapshotter {
  readonly requests: SnapshotRequest[];
  readonly controls: (SnapshotControl | undefined)[];
  /** Thrown by the next calls, until it is `undefined` again. */
  failure: unknown;
  /** Awaited by `create` before it does anything. */
  gate: Promise<unknown>;
}

/**
 * For tests of what happens around a snapshot: it writes 4 KB under a backup's name, in this process, and keeps what it
 * was asked for. It opens no database; tests of backups themselves use the real one.
 */
export function fakeSnapshotter(): FakeSnapshotter {
  const take = (request: SnapshotRequest): SnapshotResult => {
    if (fake.failure !== undefined) throw fake.failure;
    const naming = backupNaming(request.database);
    const name = backupName(naming, new Date());
    fs.writeFileSync(path.join(request.directory, name), Buffer.alloc(4096, 1));
    const backup = readBackup({ directory: request.directory, naming }, name, Date.now())!;
    return { status: 'created', backup, durationMs: 12 };
  };
  const fake: FakeSnapshotter = {
    requests: [],
    controls: [],
    failure: undefined,
    gate: Promise.resolve(),
    async create(request, control) {
      fake.requests.push(request);
      fake.controls.push(control);
      await fake.gate;
      return take(request);
    },
    createSync(request) {
      fake.requests.push(request);
      return take(request);
    },
    verify: () => Promise.reject(new Error('not part of this fake')),
    inspect: () => Promise.reject(new Error('not part of this fake')),
    restore: () => Promise.reject(new Error('not part of this fake')),
    protect: () => Promise.reject(new Error('not part of this fake')),
  };
  return fake;
}
