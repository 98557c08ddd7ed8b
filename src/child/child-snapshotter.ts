import type { ChildResult, WireBackup } from './protocol.js';
import { diffFromJson, queryFromJson, recoverFromJson } from './rows-protocol.js';
import type { SnapshotResult, Snapshotter } from './snapshotter.js';
import type { Backup } from '../catalog/backup.js';
import { lazy } from '../util/lazy.js';

const runner = lazy('service core', () => require('./run-child.js') as typeof import('./run-child.js'));

/**
 * The built-in {@link Snapshotter}: runs `isolated/main.js` in a child of the same Node, so that the app's process never
 * opens the live database. If this process dies, the child finishes its backup by itself.
 */
export function childProcessSnapshotter(): Snapshotter {
  const { run, runSync } = runner();
  return {
    create: async (request, control) => toSnapshotResult(await run({ kind: 'create', ...request }, control)),
    createSync: (request) => toSnapshotResult(runSync({ kind: 'create', ...request })),
    async verify(request, control) {
      const result = await run({ kind: 'verify', ...request }, control);
      return result.kind === 'verified' ? result.report : unexpected(result);
    },
    async inspect(request) {
      const result = await run({ kind: 'inspect', ...request });
      return result.kind === 'inspected' ? result.facts : unexpected(result);
    },
    async restore(request, control) {
      const result = await run({ kind: 'restore', ...request }, control);
      return result.kind === 'restored' ? result.report : unexpected(result);
    },
    async protect(request, control) {
      const result = await run({ kind: 'protect', ...request }, control);
      if (result.kind !== 'protected') unexpected(result);
    },
    async import(request, control) {
      const result = await run({ kind: 'import', ...request }, control);
      if (result.kind !== 'imported') return unexpected(result);
      const { backup, alreadyThere, durationMs } = result;
      return { backup: fromWire(backup), alreadyThere, durationMs };
    },
    async diff(request, control) {
      const result = await run({ kind: 'diff', ...request }, control);
      return result.kind === 'diffed' ? diffFromJson(result.diff) : unexpected(result);
    },
    async recover(request, control) {
      const result = await run({ kind: 'recover', ...request }, control);
      return result.kind === 'recovered' ? recoverFromJson(result.report) : unexpected(result);
    },
    async query(request, control) {
      const result = await run({ kind: 'query', ...request }, control);
      return result.kind === 'queried' ? queryFromJson(result.result) : unexpected(result);
    },
  };
}

function toSnapshotResult(result: ChildResult): SnapshotResult {
  if (result.kind === 'created') {
    return { status: 'created', backup: fromWire(result.backup), durationMs: result.durationMs };
  }
  if (result.kind === 'fresh') return { status: 'fresh', latest: fromWire(result.latest) };
  return unexpected(result);
}

function unexpected(result: ChildResult): never {
  throw new TypeError(`unexpected answer "${result.kind}"`);
}

function fromWire(backup: WireBackup): Backup {
  return { ...backup, createdAt: new Date(backup.createdAt) };
}
