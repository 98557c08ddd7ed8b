import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { BackupFolder } from '../catalog/list-backups.js';
import { partialBeside, removeQuietly, renameNoReplace, replaceFile, writeNew } from '../util/durable-files.js';
import { systemCode } from '../util/errors.js';
import { ownerLike } from '../util/file-owner.js';
import { moment, oneOf, optional, parseJson, recordOf, text, whole, WRONG, yesOrNo } from '../util/json-rules.js';
import { readSmallFileAsync } from '../util/read-small-file.js';
import { ALARM_KINDS } from './alarm.js';
import type { Alarm } from './alarm.js';

// Each alarm that has begun is a file in the backup folder. Making a file whose name must be free, and moving one away, succeed in
// one process only: that one tells, whatever the number of processes that see the same.

/** The state of an alarm that all processes share. */
export interface AlarmRecord extends Alarm {
  readonly formatVersion: 1;
  readonly since: string;
  /** How often it has happened in a row. */
  readonly count: number;
  /** It has happened often enough: it is an alarm. */
  readonly raised: boolean;
  /** Somebody has got the message. */
  readonly told: boolean;
  /** The process that tells it. */
  readonly by: string;
}

const checkRecord = recordOf<AlarmRecord>({
  formatVersion: oneOf([1]),
  kind: oneOf(ALARM_KINDS),
  about: optional(text(2_000)),
  level: oneOf(['info', 'warning', 'critical']),
  text: text(100_000),
  since: moment,
  count: whole(1),
  raised: yesOrNo,
  told: yesOrNo,
  by: text(100),
});

export type AlarmName = Pick<Alarm, 'kind' | 'about'>;

/** `.app_backup.alarm-3f2a….json` */
export function alarmFile({ directory, naming }: BackupFolder, { kind, about = '' }: AlarmName): string {
  const id = crypto.createHash('sha256').update(`${kind}\0${about}`).digest('hex').slice(0, 12);
  return path.join(directory, `${startOf(naming)}${id}.json`);
}

/** Far more than can last at the same time: there is one for each store, and one for each bad backup or copy. */
const MAX_ALARMS = 200;

/**
 * Those of all processes. Files that are none, or that cannot be read, are passed over. Of more than can be meant, the oldest are
 * removed: if one of those lasts, it is told again.
 */
export async function readAlarms({ directory, naming }: BackupFolder): Promise<readonly AlarmRecord[]> {
  const start = startOf(naming);
  const found = (await fs.promises.readdir(directory))
    .filter((name) => name.startsWith(start) && /^[0-9a-f]{12}\.json$/.test(name.slice(start.length)))
    .map((name) => path.join(directory, name));
  const { newest, rest } = await newestOf(found, MAX_ALARMS);
  for (const file of rest) await removeQuietly(file);
  const records = await Promise.all(newest.map((file) => readAlarm(file).catch(() => undefined)));
  return records.filter((record) => record !== undefined);
}

async function newestOf(found: readonly string[], most: number): Promise<{ newest: string[]; rest: string[] }> {
  if (found.length <= most) return { newest: [...found], rest: [] };
  const dated = await Promise.all(found.map(async (file) => ({ file, stats: await lstatOf(file) })));
  const files = dated.filter(({ stats }) => stats?.isFile()).sort((a, b) => b.stats!.mtimeMs - a.stats!.mtimeMs);
  const names = files.map(({ file }) => file);
  return { newest: names.slice(0, most), rest: names.slice(most) };
}

const lstatOf = (file: string): Promise<fs.Stats | undefined> => fs.promises.lstat(file).catch(() => undefined);

function startOf({ prefix }: BackupFolder['naming']): string {
  return `.${prefix.slice(0, -1)}.alarm-`;
}

export async function readAlarm(file: string): Promise<AlarmRecord | undefined> {
  try {
    const record = checkRecord(parseJson(await readSmallFileAsync(file)));
    return record === WRONG ? undefined : record;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ELOOP' || systemCode(error) === '') return undefined;
    throw error;
  }
}

/** @returns `false`: another process has made it meanwhile */
export async function makeAlarm(file: string, record: AlarmRecord): Promise<boolean> {
  const partial = partialBeside(file);
  try {
    await writeNew(partial, textOf(record), await ownerLike(path.dirname(file)));
    return await renameNoReplace(partial, file);
  } finally {
    await removeQuietly(partial);
  }
}

export async function rewriteAlarm(file: string, record: AlarmRecord): Promise<void> {
  await replaceFile(file, textOf(record), { owner: await ownerLike(path.dirname(file)) });
}

/** Moves it away and reads it. `undefined`: there is none, or another process has taken it. */
export async function takeAlarm(file: string): Promise<AlarmRecord | undefined> {
  const taken = partialBeside(file);
  try {
    await fs.promises.rename(file, taken);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const record = await readAlarm(taken).catch(() => undefined);
  await removeQuietly(taken);
  return record;
}

function textOf(record: AlarmRecord): string {
  return `${JSON.stringify(record)}\n`;
}
