import path from 'node:path';
import { recordName } from '../catalog/backup-name.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { replaceFile } from '../util/durable-files.js';
import { ownerLike } from '../util/file-owner.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { moment, oneOf, optional, parseJson, recordOf, text, WRONG, yesOrNo } from '../util/json-rules.js';
import type { Rule } from '../util/json-rules.js';

// Facts about a backup folder that outlive its backups, each in a small file of its own.

/** Somebody knows that the backups are on one computer only, and accepts it. */
export interface OnlyHere {
  readonly at: Date;
  /** Who, if it was said. */
  readonly by: string | undefined;
}

/** The last restore drill of any backup in the folder. */
export interface DrillRecord {
  /** Of the backup. */
  readonly name: string;
  readonly ok: boolean;
  readonly at: Date;
}

type Written<T> = Omit<T, 'at'> & { readonly formatVersion: 1; readonly at: string };

const onlyHereRule = recordOf<{ formatVersion: 1; at: string; by?: string | undefined }>({
  formatVersion: oneOf([1]),
  at: moment,
  by: optional(text(200)),
});
const drillRule = recordOf<Written<DrillRecord>>({
  formatVersion: oneOf([1]),
  at: moment,
  name: text(255),
  ok: yesOrNo,
});

/** The acceptance; `undefined`: there is none, or its record cannot be read, and then it has to be accepted again. */
export function* readOnlyHere(folder: BackupFolder): FileWork<OnlyHere | undefined> {
  const found = yield* read(folder, 'only-here', onlyHereRule);
  return found && { at: new Date(found.at), by: found.by };
}

export function* readDrill(folder: BackupFolder): FileWork<DrillRecord | undefined> {
  const found = yield* read(folder, 'drill', drillRule);
  return found && { name: found.name, ok: found.ok, at: new Date(found.at) };
}

export function writeOnlyHere(folder: Database, record: OnlyHere): Promise<void> {
  return write(folder, 'only-here', { ...record });
}

/** Rejects with what the file system says. */
export function writeDrill(folder: Database, record: DrillRecord): Promise<void> {
  return write(folder, 'drill', { ...record });
}

/** Takes an acceptance back. */
export function* removeOnlyHere(folder: BackupFolder): FileWork<void> {
  yield* files.remove(fileOf(folder, 'only-here'));
}

type Database = BackupFolder & { readonly database: string };

function* read<T>(folder: BackupFolder, record: string, rule: Rule<T>): FileWork<T | undefined> {
  try {
    const checked = rule(parseJson(yield* files.readSmall(fileOf(folder, record))));
    return checked === WRONG ? undefined : checked;
  } catch {
    return undefined;
  }
}

async function write(folder: Database, record: string, contents: object): Promise<void> {
  const owner = await ownerLike(folder.database, folder.directory);
  await replaceFile(fileOf(folder, record), `${JSON.stringify({ formatVersion: 1, ...contents })}\n`, { owner });
}

function fileOf({ directory, naming }: BackupFolder, record: string): string {
  return path.join(directory, recordName(naming, record));
}
