export type VerifyLevel = 'quick' | 'full';

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
  /** `quick`: PRAGMA quick_check, `full`: PRAGMA integrity_check; both with the comparison to the pinned source. */
  readonly verified: VerifyLevel;
  readonly verifiedAt: string;
  /** Tables whose pages were checked but not their rows: that needs functions or collations of the app's connection. */
  readonly uncheckedTables?: readonly string[];
  /** From the lock to the end of the verification. */
  readonly durationMs: number;
  /** Retention and deletion refuse a protected backup. */
  readonly protected: boolean;
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
