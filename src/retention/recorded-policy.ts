import path from 'node:path';
import { policyRecordName } from '../catalog/backup-name.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { parseInterval } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { systemCode } from '../util/errors.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { oneOf, optional, parseJson, recordOf, whole, WRONG } from '../util/json-rules.js';
import type { Rule, Rules } from '../util/json-rules.js';
import { keep, rulesOf } from './keep.js';
import type { KeepRules } from './keep.js';
import type { RetentionPolicy } from './policy.js';

// The policy that an app was given stands in its backup folder, so that others who prune there (the command line, a script that
// knows only the path of the database) do not apply one of their own.

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
const checkRecord = recordOf<{ formatVersion: 1; retention: RecordedPolicy }>({
  formatVersion: oneOf([1]),
  retention: checkRetention,
});

/** @returns `undefined`: there is none; `'unreadable'`: there is one that cannot be read or is not understood */
export function* readRecordedPolicy({
  directory,
  naming,
}: BackupFolder): FileWork<RecordedPolicy | 'unreadable' | undefined> {
  try {
    const text = yield* files.readSmall(path.join(directory, policyRecordName(naming)));
    const record = checkRecord(parseJson(text));
    return record === WRONG ? 'unreadable' : record.retention;
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : 'unreadable';
  }
}

/** For whoever doesn't know the app's policy. */
export const keepEverything: RetentionPolicy = (backups) => ({
  keep: backups.map((backup) => ({ backup, reasons: ["the app's own retention policy is not known here"] })),
  remove: [],
});

/** The policy of somebody who was given none: the app's, where it is known. Pure. */
export function policyOf(
  recorded: RecordedPolicy | 'unreadable' | undefined,
  otherwise: RetentionPolicy,
): RetentionPolicy {
  if (recorded === undefined) return otherwise;
  return typeof recorded === 'object' ? keep(recorded) : keepEverything;
}
