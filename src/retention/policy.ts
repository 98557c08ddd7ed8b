import type { Backup } from '../catalog/backup.js';

/** Why a backup stays, in words: `['last 3 of 20', 'daily 2026-11-24']`. */
export interface KeptBackup {
  readonly backup: Backup;
  readonly reasons: readonly string[];
}

/** What a policy wants. What it mentions in neither list stays. */
export interface RetentionDecision {
  readonly keep: readonly KeptBackup[];
  readonly remove: readonly Backup[];
}

/**
 * Decides which backups stay: a pure function from the backups (newest first, frozen) to its wishes. Whatever it wishes,
 * the newest good backup, protected ones and anything with a {@link Backup.problem} stay, and a policy that keeps
 * nothing removes nothing.
 */
export type RetentionPolicy = (backups: readonly Backup[], context: { readonly now: Date }) => RetentionDecision;
