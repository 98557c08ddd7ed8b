import { EventEmitter } from 'node:events';
import type { Backup } from '../catalog/backup.js';
import { BackupError } from './errors.js';
import { callSafely } from './call-safely.js';
import type { KeptBackup } from '../retention/policy.js';
import { show } from './validate.js';
import type { RestoreReport } from '../child/snapshotter.js';

/** What {@link BackupService.on} can listen to, with what each listener receives. */
export interface BackupEvents {
  /** A backup was taken, verified and published. */
  created: { readonly backup: Backup; readonly label?: string | undefined; readonly durationMs: number };
  /** An attempt, or the pruning after one, failed. */
  failed: {
    readonly error: BackupError;
    readonly label?: string | undefined;
    /** Due checks start no further attempt before this. */
    readonly retryAt?: Date | undefined;
  };
  /** Backups were removed by the retention policy. */
  pruned: PruneReport;
  /** A backup was deleted by `deleteBackup()`. */
  deleted: { readonly name: string };
  /** A backup was copied to a store of `copies`, and the copy read back. */
  copied: {
    readonly backup: Backup;
    /** The store's name. */
    readonly store: string;
    /** Of the object in the store. */
    readonly key: string;
    /** Of the object: compressed and encrypted. */
    readonly sizeBytes: number;
    readonly durationMs: number;
  };
  /** Copying a backup failed, or (without `name`) looking after the copies in a store. The backup itself is not touched. */
  'copy-failed': {
    readonly store: string;
    readonly name?: string;
    readonly error: BackupError;
    /** It is tried again after this. */
    readonly retryAt?: Date;
  };
  /** Copies were removed from a store by its own retention policy. Names of backups. */
  'copies-pruned': { readonly store: string; readonly removed: readonly string[]; readonly kept: number };
  /** A backup was restored, into the live database or elsewhere. Its safety backup was `created` before. */
  restored: RestoreReport;
  /** A backup was protected, or is so no more. */
  protected: { readonly name: string; readonly protected: boolean };
}

export interface PruneReport {
  /** Nothing was removed: `removed` is what would have been. */
  readonly dryRun: boolean;
  /** Newest first, each with the reasons why it stays. */
  readonly kept: readonly KeptBackup[];
  readonly removed: readonly Backup[];
  /** What the policy removes but the system refused to delete. It is tried again after the next backup. */
  readonly failed: readonly { readonly backup: Backup; readonly error: BackupError }[];
  /** Those among `removed` that a store in `copies` still lacked: the disk has no room to keep them until it has them. */
  readonly missed?: readonly Backup[];
}

export type BackupListener<E extends keyof BackupEvents> = (event: BackupEvents[E]) => void;

/** A typed emitter whose listeners cannot harm the operation that is being protected. */
export class Events {
  readonly #emitter = new EventEmitter();

  constructor(private readonly onListenerError: (event: string, error: unknown) => void) {}

  on<E extends keyof BackupEvents>(event: E, listener: BackupListener<E>): () => void {
    if (typeof listener !== 'function') {
      throw new BackupError('ERR_BACKUP_OPTIONS', `on("${event}"): the listener is ${show(listener)}.`, {
        step: 'options',
        hint: 'It must be a function.',
      });
    }
    this.#emitter.on(event, listener);
    return () => void this.#emitter.off(event, listener);
  }

  emit<E extends keyof BackupEvents>(event: E, payload: BackupEvents[E]): void {
    for (const listener of this.#emitter.listeners(event)) {
      callSafely(
        () => (listener as BackupListener<E>)(payload),
        (error) => this.onListenerError(event, error),
      );
    }
  }
}
