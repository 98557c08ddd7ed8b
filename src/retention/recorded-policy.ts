import path from 'node:path';
import type { Backup } from '../catalog/backup.js';
import { policyRecordName } from '../catalog/backup-name.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { policyDigest } from '../catalog/policy-record.js';
import { parseInterval } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { systemCode } from '../util/errors.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { moment, oneOf, optional, parseJson, recordOf, whole, WRONG } from '../util/json-rules.js';
import type { Rule, Rules } from '../util/json-rules.js';
import { keep, rulesOf } from './keep.js';
import type { KeepRules } from './keep.js';
import type { RetentionPolicy } from './policy.js';

// The policy that an app was given stands in its backup folder, so that others who prune there (the command line, a script that
// knows only the path of the database) do not apply one of their own. See also catalog/policy-record.ts.

/** The rules of the app's policy; `'code'`: it is a function, which only the app has. */
export type RecordedPolicy = KeepRules | 'code';

/** `Infinity` is not JSON. */
const ALL = 'Infinity';

export function formatPolicy(policy: RetentionPolicy): string {
  const retention: RecordedPolicy = rulesOf(policy) ?? 'code';
  const record = { formatVersion: 1, retention };
  return `${JSON.stringify(record, (_key, value: unknown) => (value === Infinity ? ALL : value), 2)}\n`;
}

const count = optional<number>((value) => (value === ALL ? Infinity : whole()(value)));
const rules: Rules<KeepRules> = {
  last: count,
  within: optional<Duration>((value) => (parseInterval(value) === undefined ? WRONG : (value as Duration))),
  daily: count,
  weekly: count,
  monthly: count,
  yearly: count,
};
const checkRules = recordOf(rules);
/** A rule that this version doesn't know keeps something: such a record is not understood. */
const checkRetention: Rule<RecordedPolicy> = (value) => {
  if (value === 'code') return value;
  const checked = checkRules(value);
  return checked !== WRONG && Object.keys(value as object).every((key) => Object.hasOwn(rules, key)) ? checked : WRONG;
};
export interface PolicyRecord {
  readonly formatVersion: 1;
  readonly retention: RecordedPolicy;
  /** When the record was written. */
  readonly at?: string;
}

const checkRecord = recordOf<PolicyRecord>({
  formatVersion: oneOf([1]),
  retention: checkRetention,
  at: optional(moment),
});

/** The record, with the hash by which the manifests of backups name it. */
export type FoundRecord = (PolicyRecord & { readonly digest: string }) | 'unreadable' | undefined;

/** @returns `undefined`: there is none; `'unreadable'`: there is one that cannot be read or is not understood */
export function* readPolicyRecord({ directory, naming }: BackupFolder): FileWork<FoundRecord> {
  try {
    const value = parseJson(yield* files.readSmall(path.join(directory, policyRecordName(naming))));
    const record = checkRecord(value);
    if (record === WRONG) return 'unreadable';
    const { formatVersion, retention } = value as PolicyRecord;
    return { ...record, digest: policyDigest({ formatVersion, retention }) };
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : 'unreadable';
  }
}

/** For whoever doesn't know the app's policy. */
export const keepEverything: RetentionPolicy = (backups) => ({
  keep: backups.map((backup) => ({ backup, reasons: ["the app's own retention policy is not known here"] })),
  remove: [],
});

const forOneCall = new WeakSet<RetentionPolicy>([keepEverything]);

/** A policy that somebody gives for one call, by hand: it is applied, and is not kept as the app's. */
export function onlyOnce(rules: KeepRules): RetentionPolicy {
  const policy = keep(rules);
  forOneCall.add(policy);
  return policy;
}

export function isOnlyOnce(policy: RetentionPolicy): boolean {
  return forOneCall.has(policy);
}

/** The same, and says why. */
const keepEverythingFor =
  (why: string): RetentionPolicy =>
  (backups, context) => ({ ...keepEverything(backups, context), warnings: [why] });

/**
 * The policy of somebody who was given none: the app's, where it is known, and their own default only where no backup was made
 * by anybody who has a policy. A record counts if it is the policy under which the newest of the app's backups was made, or if it
 * was written later: otherwise it is not the app's policy any more, and nothing is removed. Pure.
 *
 * @param backups newest first
 */
export function policyOf(
  record: FoundRecord,
  backups: readonly Pick<Backup, 'manifest'>[],
  otherwise: RetentionPolicy,
): RetentionPolicy {
  if (record === 'unreadable') return keepEverythingFor(`${NOT_KNOWN}: its record cannot be read. ${GIVE_ONE}`);
  const newest = backups.find(({ manifest }) => manifest?.policy !== undefined)?.manifest;
  if (!record) return newest ? keepEverythingFor(`${NOT_KNOWN}: its record is missing. ${GIVE_ONE}`) : otherwise;
  const isCurrent = !newest || record.digest === newest.policy || isLater(record, newest);
  if (!isCurrent) return keepEverythingFor(`${NOT_KNOWN}: its record is older than its newest backup. ${GIVE_ONE}`);
  return record.retention === 'code' ? keepEverything : keep(record.retention);
}

function isLater({ at }: PolicyRecord, { createdAt }: { readonly createdAt: string }): boolean {
  return at !== undefined && Date.parse(at) >= Date.parse(createdAt);
}

const NOT_KNOWN = "No backup is removed, since the app's retention policy is not known here";
const GIVE_ONE = 'Give this service the same "retention" as the app has, or take one backup through the app.';
