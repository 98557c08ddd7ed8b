import type { Backup } from '../catalog/backup.js';
import type { CopyVerifyReport } from './verify-copy.js';
import type { BackupError } from '../util/errors.js';

/** The events of the copies in the stores, a part of what {@link BackupService.on} can listen to. */
export interface OffsiteEvents {
  /** A backup was copied to a store of `copies`, and the copy read back. */
  copied: {
    readonly backup: Backup;
    /** The store's name. */
    readonly store: string;
    /** The size of the object in the store. */
    readonly key: string;
    /** The size of the object in the store: compressed and encrypted. */
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
  /** A copy in a store was verified, and is good or not. */
  'copy-verified': CopyVerifyReport;
  /** Copies were removed from a store by its own retention policy. Names of backups. */
  'copies-pruned': { readonly store: string; readonly removed: readonly string[]; readonly kept: number };
}

/** Where a shipper tells what happened. */
export interface OffsiteEmitter {
  emit<E extends keyof OffsiteEvents>(event: E, payload: OffsiteEvents[E]): void;
}
