import type { Backup } from '../catalog/backup.js';

/** Why a backup stays, in words: `['last 3 of 20', 'daily 2026-11-24']`. */
export interface KeptBackup {
  readonly backup: Backup;
  readonly reasons: readonly string[];
}

/** A policy's decision. A backup that is in neither list stays. */
export interface RetentionDecision {
  readonly keep: readonly KeptBackup[];
  readonly remove: readonly Backup[];
  /** Full sentences for the owner, who finds them in the log: that the clock seems to be wrong, say. */
  readonly warnings?: readonly string[];
}

/**
 * Decides which backups stay: a pure function of the backups (newest first, frozen). Whatever it decides, the newest good
 * backup, the one that was just made, protected ones and anything with a {@link Backup.problem} stay, and a policy that keeps
 * nothing removes nothing.
 */
export type RetentionPolicy = (backups: readonly Backup[], context: { readonly now: Date }) => RetentionDecision;
