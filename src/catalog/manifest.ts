/** How a new backup is checked: `quick` runs PRAGMA quick_check, `full` PRAGMA integrity_check (https://sqlite.org/pragma.html). */
import {
  between,
  listOf,
  moment,
  oneOf,
  optional,
  parseJson,
  recordOf,
  text,
  whole,
  WRONG,
  yesOrNo,
} from '../util/json-rules.js';
import type { Rules } from '../util/json-rules.js';
import { VERIFICATION_LEVELS, VERIFY_LEVELS } from '../util/levels.js';
import { cleanLabel } from './label.js';

export { VERIFICATION_LEVELS, VERIFY_LEVELS };

/** How a new backup is checked before it counts. */
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

/**
 * How much a finished backup is checked. `hash`: size and sha256 against the manifest; `quick` and `full`: that, and PRAGMA
 * quick_check or integrity_check; `drill`: it is restored into a scratch folder, opened as an app would, checked in full,
 * and has to answer the assertions.
 */
export type VerificationLevel = (typeof VERIFICATION_LEVELS)[number];

/** A SELECT of a drill and whether it returned one truthy value. */
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
  /** The problems found, in words; absent if there are none. */
  readonly problems?: readonly string[];
  /** See {@link Manifest.findings}. */
  readonly findings?: readonly string[];
  readonly assertions?: readonly AssertionResult[];
}

/** The record of a backup, kept as JSON beside it and published before it. Times are UTC with milliseconds. */
export interface Manifest {
  readonly formatVersion: 1;
  /** The file that it describes. A manifest beside another file is not believed. */
  readonly name: string;
  /** The moment of the snapshot: the backup holds every commit before it and none after it. */
  readonly createdAt: string;
  /**
   * Names the call that the backup was taken before (or after), such as `'InvoicesController.create'`: one line of at most 200 characters.
   */
  readonly label?: string;
  /** `'safety'`: the state that a restore has replaced. Absent: an ordinary backup. */
  readonly kind?: 'safety';
  readonly sizeBytes: number;
  readonly pageCount: number;
  /** The page size of the source, and so of the backup, in bytes. */
  readonly pageSize: number;
  /** The journal mode of the source. The backup itself is always in DELETE mode. */
  readonly journalMode: string;
  readonly sha256: string;
  /**
   * The file's modification time when it was published, in milliseconds since 1970, by the clock of its disk. A server may run
   * years behind: a file that still has this time was not touched, and is as old as `createdAt` says.
   */
  readonly mtimeMs?: number;
  /**
   * `quick`: PRAGMA quick_check, `full`: PRAGMA integrity_check; both with the comparison to the pinned source. Another
   * program's backup, whose manifest `protectBackup()` has written, has none.
   */
  readonly verified?: VerifyLevel;
  readonly verifiedAt?: string;
  /** The record of a later `verifyBackup()`. */
  readonly lastVerification?: VerificationRecord;
  /**
   * Lists what SQLite said about rows, constraints and derived indexes when the backup was taken, and what it could not judge, one
   * line each. The pages are good and the backup can be restored; the database is as it was. Absent if there is nothing.
   */
  readonly findings?: readonly string[];
  /** Tables whose pages were checked but not their rows: that needs functions or collations of the app's connection. */
  readonly uncheckedTables?: readonly string[];
  /** From the lock to the end of the verification. */
  readonly durationMs: number;
  /**
   * When the file was brought in from elsewhere, by `importBackup()`. Then `createdAt` is what its name or a person says, which
   * nobody can check: it never counts as fresh.
   */
  readonly importedAt?: string;
  /** A short hash of the retention policy that its maker was given. Absent: none was given, so others may have another one. */
  readonly policy?: string;
  /** Retention and deletion refuse a protected backup. */
  readonly protected: boolean;
}

/** The longest text of an error or a statement that is believed. */
const MAX_TEXT = 100_000;
const MAX_LIST = 10_000;

/** More than a check ever writes: at most 20, of 300 characters. */
const findingsRule = listOf(text(1_000), 100);

const verificationRules: Rules<VerificationRecord> = {
  level: oneOf(VERIFICATION_LEVELS),
  ok: yesOrNo,
  at: moment,
  problems: optional(listOf(text(MAX_TEXT), MAX_LIST)),
  findings: optional(findingsRule),
  assertions: optional(
    listOf(recordOf<AssertionResult>({ sql: text(MAX_TEXT), ok: yesOrNo, error: optional(text(MAX_TEXT)) }), MAX_LIST),
  ),
};

/** The one schema of all manifests, those of copies included. */
export const manifestRules: Rules<Manifest> = {
  // A later version may add keys; what it keeps under the names of this one is read by these rules.
  formatVersion: whole(1) as Rules<Manifest>['formatVersion'],
  name: text(255),
  createdAt: moment,
  label: optional((value) => (typeof value === 'string' ? cleanLabel(value) : WRONG)),
  kind: optional(oneOf(['safety'])),
  sizeBytes: whole(),
  pageCount: whole(),
  pageSize: whole(),
  journalMode: text(20, /^\w+$/),
  sha256: text(64, /^[0-9a-f]{64}$/),
  mtimeMs: optional(between(-8.64e15, 8.64e15)),
  verified: optional(oneOf(VERIFY_LEVELS)),
  verifiedAt: optional(moment),
  lastVerification: optional(recordOf(verificationRules)),
  findings: optional(findingsRule),
  uncheckedTables: optional(listOf(text(MAX_TEXT), MAX_LIST)),
  durationMs: between(0, Number.MAX_SAFE_INTEGER),
  importedAt: optional(moment),
  policy: optional(text(16, /^[0-9a-f]{16}$/)),
  protected: yesOrNo,
};

const checkManifest = recordOf(manifestRules);

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * The manifest of the file `expectedName`, or `undefined` if the text isn't a manifest, or is that of another file: a name
 * comes from the folder or the key, never from a file's contents. Keys that a later version adds are kept.
 */
export function parseManifest(json: string, expectedName: string): Manifest | undefined {
  const value = parseJson(json);
  const manifest = checkManifest(value);
  if (manifest === WRONG || manifest.name !== expectedName) return undefined;
  return { ...(value as object), ...manifest };
}
