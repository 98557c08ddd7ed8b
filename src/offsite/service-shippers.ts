import { isFromTheFuture } from '../catalog/backup.js';
import type { Backup, BackupCopy } from '../catalog/backup.js';
import type { BackupErrorCode } from '../util/errors.js';
import type { OffsiteEmitter } from './events.js';
import type { FileWork } from '../util/file-work.js';
import type { Logger } from '../util/logger.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { Shipper } from './shipper.js';
import type { ShipReport } from './shipper.js';
import { shipTarget, recordView } from './ship-target.js';
import { pendingBackups, retryInMs } from './pending.js';

/** Describes a store of `copies` from what this machine knows; the store is not asked. */
export interface CopyStatus {
  /** The store's name. */
  readonly store: string;
  /** The first part of this machine's keys. */
  readonly host: string | undefined;
  /** Copies that the store has, as far as it is known, and the room they take there. */
  readonly copyCount: number;
  readonly copyBytes: number;
  /** The newest backup that has a copy. */
  readonly latest: { readonly name: string; readonly createdAt: Date; readonly shippedAt: Date } | undefined;
  /** Names of the backups that are still to be shipped, newest first. */
  readonly pending: readonly string[];
  /** When the oldest of them was taken. */
  readonly pendingSince: Date | undefined;
  /** The backup that this process ships now. */
  readonly shippingNow: string | undefined;
  /** The last failure of any process, while no later try has succeeded. */
  readonly lastError:
    | {
        readonly code: BackupErrorCode;
        readonly message: string;
        readonly name: string | undefined;
        readonly at: Date;
        /** How many in a row. */
        readonly failures: number;
        readonly retryAt: Date;
      }
    | undefined;
}

type Folder = BackupFolder & {
  readonly database: string;
  readonly timeoutMs: number;
  readonly copies: readonly BackupStore[];
};

/** The stores of one service. */
export class ServiceShippers {
  readonly #shippers: readonly Shipper[];

  constructor(folder: Folder, log: Logger, events: OffsiteEmitter) {
    this.#shippers = folder.copies.map((store) => new Shipper(shipTarget(folder, store), folder, log, events));
  }

  /** There may be something to ship. Returns at once. */
  wake(): void {
    for (const shipper of this.#shippers) shipper.wake();
  }

  /** Stores side by side, each with one backup at a time; a failure of one hides nothing of the others. */
  async ship(control: StoreControl): Promise<readonly ShipReport[]> {
    const ends = await Promise.allSettled(this.#shippers.map((shipper) => shipper.ship(control)));
    return ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
  }

  *status(backups: readonly Backup[]): FileWork<CopyStatus[]> {
    const stores: CopyStatus[] = [];
    for (const { target, shippingNow } of this.#shippers) {
      const record = yield* recordView(target);
      const now = new Date();
      const pending = pendingBackups(backups, record, target.settings.retention, now);
      const there = Object.entries(record.shipped).filter(([, copy]) => copy.removedAt === undefined);
      const [latest] = there
        .filter(([, copy]) => !isFromTheFuture(Date.parse(copy.createdAt), now.getTime()))
        .sort(([, a], [, b]) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
      const { failure } = record;
      stores.push({
        store: target.store.name,
        host: target.host,
        copyCount: there.length,
        copyBytes: there.reduce((sum, [, copy]) => sum + copy.sizeBytes, 0),
        latest: latest && {
          name: latest[0],
          createdAt: new Date(latest[1].createdAt),
          shippedAt: new Date(latest[1].shippedAt),
        },
        pending: pending.map(({ name }) => name),
        pendingSince: pending.at(-1)?.createdAt,
        shippingNow,
        lastError: failure && {
          code: failure.code,
          message: failure.message,
          name: failure.name,
          at: new Date(failure.at),
          failures: failure.failures,
          retryAt: new Date(now.getTime() + retryInMs(failure, target.retryAfterMs, now.getTime())),
        },
      });
    }
    return stores;
  }

  /** The backups with what is known of their copies. */
  *annotate(backups: readonly Backup[]): FileWork<Backup[]> {
    const perStore: ((backup: Backup) => BackupCopy)[] = [];
    for (const { target } of this.#shippers) {
      const record = yield* recordView(target);
      const pending = new Set(pendingBackups(backups, record, target.settings.retention, new Date()));
      perStore.push((backup) => {
        const copy = record.shipped[backup.name];
        const { failure } = record;
        const store = target.store.name;
        if (copy) {
          const { removedAt, shippedAt, sizeBytes } = copy;
          if (removedAt !== undefined) return { store, state: 'removed', at: new Date(removedAt) };
          return { store, state: 'copied', at: new Date(shippedAt), sizeBytes };
        }
        if (!pending.has(backup)) return { store, state: 'skipped' };
        return { store, state: 'pending', ...(failure?.name === backup.name && { error: failure.message }) };
      });
    }
    return backups.map((backup) => ({ ...backup, copies: perStore.map((copyOf) => copyOf(backup)) }));
  }
}
