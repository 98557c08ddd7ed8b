// Compares a backup with a newer state: open both -> read the schemas -> pair the rows of each table.
import { backupNaming } from '../../catalog/backup-name.js';
import type { ChildResult } from '../../child/protocol.js';
import { diffToJson } from '../../child/rows-protocol.js';
import type { DatabaseDiff, DiffRequest, SchemaChange, TableDiff } from '../../child/rows-protocol.js';
import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import { show } from '../../util/show.js';
import { Deadline } from '../shared/deadline.js';
import { beginStep, send } from '../shared/steps.js';
import { contentOf } from './full-text.js';
import { fold } from './names.js';
import { liveState, openPlain, openStates, ScratchSpace } from './open-states.js';
import type { States } from './open-states.js';
import { pairRows, pairTables, sharedKey } from './pair-rows.js';
import type { TablePair } from './pair-rows.js';
import { readChanges } from './read-rows.js';
import { readSchema } from './read-schema.js';
import type { Schema, SchemaEntry } from './read-schema.js';

export async function diff(request: DiffRequest): Promise<ChildResult> {
  const { database, directory, name, against } = request;
  const deadline = Deadline.beforeTheParents(request.timeoutMs);
  const folder = { directory, naming: backupNaming(database) };
  const scratch = new ScratchSpace(folder, database, deadline);
  try {
    beginStep('check');
    const older = await openPlain(folder, name, scratch);
    beginStep('pin');
    const isLive = against === 'live';
    const newer = isLive
      ? await liveState(request, folder, scratch, deadline)
      : await openPlain(folder, against, scratch);
    const states = await openStates(older, newer, scratch, deadline);
    try {
      beginStep('diff');
      return {
        kind: 'diffed',
        diff: diffToJson({ from: name, to: against, ...compareStates(states.db, request, progress) }),
      };
    } finally {
      states.close();
    }
  } finally {
    await scratch.dispose();
  }
}

function progress(doneBytes: number, totalBytes: number): void {
  send({ type: 'progress', doneBytes, totalBytes });
}

export type Compared = Pick<DatabaseDiff, 'schema' | 'tables'>;

/** @param onTable is called before each table, with its number and their count */
export function compareStates(
  db: States['db'],
  request: Pick<DiffRequest, 'tables' | 'rows' | 'skip'>,
  onTable: (done: number, total: number) => void = () => {},
): Compared {
  const older = readSchema(db, 'older');
  const newer = readSchema(db, 'main');
  const all = pairTables(older.tables, newer.tables);
  const wanted = chosen(all, older, newer, request.tables);
  const tables = wanted.map((pair, i) => {
    onTable(i, wanted.length);
    return compareTable(db, pair, i, request);
  });
  for (const { name, reason } of [...newer.unreadable.values(), ...older.unreadable.values()]) {
    if (request.tables && !request.tables.some((each) => fold(each) === fold(name))) continue;
    if (!tables.some((table) => fold(table.name) === fold(name))) tables.push(notCompared(name, undefined, reason));
  }
  return { schema: compareSchemas(older.entries, newer.entries), tables };
}

/** @throws BackupError `ERR_BACKUP_OPTIONS` for a table that neither state has */
function chosen(all: TablePair[], older: Schema, newer: Schema, tables: readonly string[] | undefined): TablePair[] {
  if (!tables) return all;
  for (const table of tables) {
    const known = [older, newer].some((schema) => schema.tables.has(fold(table)) || schema.unreadable.has(fold(table)));
    if (!known)
      throw noTable(
        table,
        all.map(({ name }) => name),
      );
  }
  return all.filter(({ name }) => tables.some((table) => fold(table) === fold(name)));
}

export function noTable(table: string, known: readonly string[]): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', `There is no table ${show(table)}.`, {
    step: 'options',
    hint: known.length === 0 ? 'There are no tables at all.' : `The tables are ${known.slice(0, 50).join(', ')}.`,
  });
}

function compareTable(
  db: States['db'],
  pair: TablePair,
  number: number,
  { rows, skip }: Pick<DiffRequest, 'rows' | 'skip'>,
): TableDiff {
  const why = whyNotCompared(pair);
  if (why !== undefined) return notCompared(pair.name, sharedKey(pair), why);
  try {
    const changes = pairRows(db, pair, number);
    const { added, changed, removed } = changes;
    const found = { name: pair.name, key: sharedKey(pair), added, changed, removed };
    return rows === 0 ? found : { ...found, rows: readChanges(db, pair, changes, rows, skip) };
  } catch (error) {
    // A module, a function or a collation that only the app's own connections have. Damage is another matter.
    if (!systemCode(error).startsWith('SQLITE_ERROR')) throw error;
    return notCompared(pair.name, sharedKey(pair), messageOf(error));
  }
}

function notCompared(name: string, key: TableDiff['key'], skipped: string): TableDiff {
  return { name, key, added: 0, changed: 0, removed: 0, skipped };
}

export function whyNotCompared({ older, newer }: TablePair): string | undefined {
  for (const table of [older, newer]) {
    if (!table) continue;
    const content = contentOf(table);
    if (content === '') return 'a full-text index without contents';
    if (content !== undefined) return `a full-text index of "${content}"`;
    if (table.id.length === 0) return 'a table whose columns take all names of the rowid';
  }
  return undefined;
}

function compareSchemas(older: readonly SchemaEntry[], newer: readonly SchemaEntry[]): DatabaseDiff['schema'] {
  const keyOf = ({ type, name }: SchemaEntry): string => `${type} ${fold(name)}`;
  const before = new Map(older.map((entry) => [keyOf(entry), entry]));
  const after = new Map(newer.map((entry) => [keyOf(entry), entry]));
  const changed: SchemaChange[] = [];
  for (const [key, { type, name, sql }] of after) {
    const was = before.get(key);
    if (was && was.sql !== sql) changed.push({ type, name, before: was.sql, after: sql });
  }
  return {
    added: newer
      .filter((entry) => !before.has(keyOf(entry)))
      .map(({ type, name, sql }) => ({ type, name, after: sql })),
    removed: older
      .filter((entry) => !after.has(keyOf(entry)))
      .map(({ type, name, sql }) => ({ type, name, before: sql })),
    changed,
  };
}
