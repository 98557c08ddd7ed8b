/** How a new backup is checked: `quick` runs PRAGMA quick_check, `full` PRAGMA integrity_check (https://sqlite.org/pragma.html). */
export type VerifyLevel = 'quick' | 'full';

/**
 * How much a finished backup is checked. `hash`: size and sha256 against the manifest; `quick` and `full`: that, and PRAGMA
 * quick_check or integrity_check; `drill`: it is restored into a scratch folder, opened as an app would, checked in full,
 * and has to answer the assertions.
 */
export type VerificationLevel = 'hash' | VerifyLevel | 'drill';

/** One SELECT of a drill and whether it returned one truthy value. */
export interface AssertionResult {
  readonly sql: string;
  readonly ok: boolean;
  /** Why not, in words. */
  readonly error?: string;
}

/** The latest verification of a finished backup, as its manifest keeps it. */
export interface VerificationRecord {
  readonly level: VerificationLevel;
  readonly ok: boolean;
  /** UTC with milliseconds. */
  readonly at: string;
  /** What was wrong, in words; absent if nothing. */
  readonly problems?: readonly string[];
  readonly assertions?: readonly AssertionResult[];
}

/** What is recorded of a backup, as JSON beside it, published before it. Times are UTC with milliseconds. */
export interface Manifest {
  readonly formatVersion: 1;
  /** The file it describes. */
  readonly name: string;
  /** The moment of the snapshot: the backup holds every commit before it and none after it. */
  readonly createdAt: string;
  /** What the backup was taken before (or after), such as `'InvoicesController.create'`. */
  readonly label?: string;
  readonly sizeBytes: number;
  readonly pageCount: number;
  /** Of the source, and so of the backup, in bytes. */
  readonly pageSize: number;
  /** Of the source. The backup itself is always in DELETE mode. */
  readonly journalMode: string;
  readonly sha256: string;
  /**
   * `quick`: PRAGMA quick_check, `full`: PRAGMA integrity_check; both with the comparison to the pinned source. Another
   * program's backup, whose manifest `protectBackup()` has written, has none.
   */
  readonly verified?: VerifyLevel;
  readonly verifiedAt?: string;
  /** Of a later `verifyBackup()`. */
  readonly lastVerification?: VerificationRecord;
  /** Tables whose pages were checked but not their rows: that needs functions or collations of the app's connection. */
  readonly uncheckedTables?: readonly string[];
  /** From the lock to the end of the verification. */
  readonly durationMs: number;
  /** Retention and deletion refuse a protected backup. */
  readonly protected: boolean;
}

/** A record of the right shape, or `undefined`: manifests are files that people can edit. */
export function verificationIn(manifest: Manifest | undefined): VerificationRecord | undefined {
  const record = manifest?.lastVerification as Partial<VerificationRecord> | null | undefined;
  const whole =
    typeof record === 'object' &&
    record !== null &&
    typeof record.ok === 'boolean' &&
    typeof record.level === 'string' &&
    typeof record.at === 'string' &&
    !Number.isNaN(Date.parse(record.at));
  return whole ? (record as VerificationRecord) : undefined;
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The manifest in `text`, or `undefined` if it isn't one. Keys that a later version adds are kept. */
export function parseManifest(text: string): Manifest | undefined {
  let value: Partial<Manifest> | null;
  try {
    value = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    return undefined;
  }
  const whole =
    typeof value === 'object' &&
    value !== null &&
    typeof value.formatVersion === 'number' &&
    typeof value.name === 'string' &&
    typeof value.createdAt === 'string' &&
    !Number.isNaN(Date.parse(value.createdAt)) &&
    typeof value.sizeBytes === 'number' &&
    typeof value.sha256 === 'string' &&
    typeof value.protected === 'boolean';
  return whole ? (value as Manifest) : undefined;
}
