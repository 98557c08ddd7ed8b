import type { Backup } from '../catalog/backup.js';
import type { RestoreReport, VerifyReport } from '../child/protocol.js';
import type { RecoverReport } from '../child/rows-protocol.js';
import type { Notification } from '../notify/alarm.js';
import type { OffsiteEvents } from '../offsite/events.js';
import type { KeptBackup } from '../retention/policy.js';
import type { BackupError } from '../util/errors.js';

/** The events that {@link BackupService.on} can listen to, with what each listener receives. */
export interface BackupEvents extends OffsiteEvents {
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
  /** A backup was restored, into the live database or elsewhere. Its safety backup was `created` before. */
  restored: RestoreReport;
  /** Rows of a backup were brought back. The safety backup was `created` before. */
  recovered: RecoverReport & { readonly name: string };
  /** A backup was verified, by whatever level; `ok` says how that ended. */
  verified: VerifyReport;
  /** Somebody should know something, or it is over: what `notify` and the monitor tell. */
  alarm: Notification;
  /** Protection of a backup was switched on or off. */
  protected: { readonly name: string; readonly protected: boolean };
}

/** The report of what retention kept and removed, or would remove. */
export interface PruneReport {
  /** Nothing was removed: `removed` is what would have been. */
  readonly dryRun: boolean;
  /** Newest first, each with the reasons why it stays. */
  readonly kept: readonly KeptBackup[];
  readonly removed: readonly Backup[];
  /** Backups that the policy removes but the system refused to delete. Each is tried again after the next backup. */
  readonly failed: readonly { readonly backup: Backup; readonly error: BackupError }[];
  /** Those among `removed` that a store in `copies` still lacked: the disk has no room to keep them until it has them. */
  readonly missed?: readonly Backup[];
  /** Warnings of the policy, in full sentences: that the clock seems to be wrong. */
  readonly warnings?: readonly string[];
}

/** A function that {@link BackupService.on} calls with the payload of each event. */
export type BackupListener<E extends keyof BackupEvents> = (event: BackupEvents[E]) => void;

/** The compiler sees to it that none is missing. */
const EVENTS: Readonly<Record<keyof BackupEvents, true>> = {
  created: true,
  failed: true,
  pruned: true,
  deleted: true,
  restored: true,
  recovered: true,
  verified: true,
  alarm: true,
  protected: true,
  copied: true,
  'copy-failed': true,
  'copies-pruned': true,
  'copy-verified': true,
};
export const EVENT_NAMES: readonly string[] = Object.keys(EVENTS);
