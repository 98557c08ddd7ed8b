import { cleanLabel } from '../catalog/label.js';
import { BACKUP_ERROR_CODES } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';
import { VERIFICATION_LEVELS } from '../util/levels.js';
import {
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

// The record of activity is a file of JSON lines. This is one line of it, without the file. Pure.

/** The actions that are recorded. Later versions may add some; a reader passes over those that it does not know. */
export const ACTIVITY_ACTIONS = [
  'created',
  'failed',
  'pruned',
  'deleted',
  'protected',
  'unprotected',
  'verified',
  'drilled',
  'restored',
  'recovered',
  'downloaded',
  'pulled',
  'imported',
  'uploaded',
  'copied',
  'copies-pruned',
] as const;
/** Names what was done with a backup. */
export type ActivityAction = (typeof ACTIVITY_ACTIONS)[number];

/** The attempts that a `failed` activity can be about. */
export const FAILING = ['backup', 'prune', 'verify', 'restore', 'recover', 'copy', 'import'] as const;

/** Who did it, as far as it is known: a user of the system, and by which way. */
export interface ActivityBy {
  /** `'app'`: by code of the app, as a protected method or a call of the service. */
  readonly via: 'app' | 'cli' | 'dashboard';
  /** The visitor of the dashboard, where `authorize` gives a name. */
  readonly person?: string;
  /** The name of the operating system's user that the process ran as. */
  readonly user?: string;
  readonly host?: string;
  readonly pid?: number;
}

/** What was done with the backups of a database, as {@link BackupService.activity} returns it. */
export interface Activity {
  readonly at: Date;
  readonly action: ActivityAction;
  readonly by: ActivityBy;
  /** The backup that it was done with. */
  readonly name?: string;
  /** What the backup was taken for: the label of the protected method, or a text of a person. */
  readonly label?: string;
  /** `pruned`, `copies-pruned`: the backups that went, or the first of them where there were very many. */
  readonly names?: readonly string[];
  /** `failed`: what did. */
  readonly of?: (typeof FAILING)[number];
  readonly code?: BackupErrorCode;
  readonly message?: string;
  /** `verified`, `drilled`: was it good? */
  readonly ok?: boolean;
  readonly level?: (typeof VERIFICATION_LEVELS)[number];
  /** `restored`: the file that it was written to, where that was not the database. */
  readonly to?: string;
  /** `restored`, `recovered`: the backup of the state before. */
  readonly safetyBackup?: string;
  /** `recovered`: how many rows were brought back or replaced. */
  readonly rows?: number;
  /** The store: of a copy that was made, fetched, verified or removed, or that failed. */
  readonly store?: string;
  readonly sizeBytes?: number;
  readonly durationMs?: number;
}

/** As it stands in the file: a time as text. */
type Line = Omit<Activity, 'at'> & { readonly at: string };

const MAX_NAMES = 40;
const MAX_TEXT = 1_000;
const name = text(255);

const rules: Rules<Line> = {
  at: moment,
  action: oneOf(ACTIVITY_ACTIONS),
  by: recordOf<ActivityBy>({
    via: oneOf(['app', 'cli', 'dashboard']),
    person: optional(text(MAX_TEXT)),
    user: optional(text(MAX_TEXT)),
    host: optional(text(MAX_TEXT)),
    pid: optional(whole()),
  }),
  name: optional(name),
  label: optional(text(MAX_TEXT)),
  names: optional(listOf(name, MAX_NAMES)),
  of: optional(oneOf(FAILING)),
  code: optional(oneOf(Object.keys(BACKUP_ERROR_CODES) as BackupErrorCode[])),
  message: optional(text(MAX_TEXT)),
  ok: optional(yesOrNo),
  level: optional(oneOf(VERIFICATION_LEVELS)),
  to: optional(text(MAX_TEXT)),
  safetyBackup: optional(name),
  rows: optional(whole()),
  store: optional(text(MAX_TEXT)),
  sizeBytes: optional(whole()),
  durationMs: optional(whole()),
};
const checkLine = recordOf<Line>(rules);
const checkVersion = recordOf<{ formatVersion: 1 }>({ formatVersion: oneOf([1]) });

/** One line, with its end. Texts that came from elsewhere are cut: one entry cannot push out all others. */
export function formatActivity({ at, ...activity }: Activity): string {
  return `${JSON.stringify({ formatVersion: 1, at: at.toISOString(), ...shortened(activity) })}\n`;
}

/**
 * The activities in the text of a file, in its order. A torn line, one of a later version, and whatever else is not an activity
 * is passed over.
 */
export function parseActivities(contents: string): Activity[] {
  const activities: Activity[] = [];
  for (const json of contents.split('\n')) {
    if (!json.startsWith('{')) continue;
    const value = parseJson(json);
    const line = checkVersion(value) === WRONG ? WRONG : checkLine(value);
    if (line === WRONG) continue;
    const { at, ...activity } = line;
    activities.push({ at: new Date(at), ...activity });
  }
  return activities;
}

function shortened(activity: Omit<Activity, 'at'>): Omit<Activity, 'at'> {
  const { by, label, message, names, durationMs } = activity;
  return {
    ...activity,
    by: { ...by, ...(by.person !== undefined && { person: cleanLabel(by.person) }) },
    ...(label !== undefined && { label: cleanLabel(label) }),
    ...(message !== undefined && { message: cut(message) }),
    ...(activity.to !== undefined && { to: cut(activity.to) }),
    ...(activity.store !== undefined && { store: cut(activity.store) }),
    ...(names && { names: names.slice(0, MAX_NAMES) }),
    ...(durationMs !== undefined && { durationMs: Math.max(0, Math.round(durationMs)) }),
  };
}

function cut(value: string): string {
  return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT - 1)}…` : value;
}
