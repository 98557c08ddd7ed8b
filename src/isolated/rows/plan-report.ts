// Reports on a plan: counts, conflicts with both versions, and what else somebody should know before it is done.
import type { Database } from 'better-sqlite3';
import type { Conflict, RecoverReport, RecoverRequest } from '../../child/rows-protocol.js';
import type { RowCounts } from './count-rows.js';
import { contentOf, hasRowsOf } from './full-text.js';
import { fold, quoteName, sameName } from './names.js';
import { differs } from './exact-values.js';
import { keysEqual } from './pair-rows.js';
import { partner, TAKEN_KEY, TAKEN_PARENT } from './planned-table.js';
import type { PlannedTable, PlannedTables } from './planned-table.js';
import { toValue } from './read-rows.js';
import { tableIn } from './read-schema.js';
import type { SchemaEntry, UniqueKey } from './read-schema.js';
import { idNames, ids } from './identity.js';
import { holderOf } from './unique-index.js';

const SHOWN = 100;

export function reportOf(
  tables: PlannedTables,
  counts: ReadonlyMap<PlannedTable, RowCounts>,
  written: readonly PlannedTable[],
  triggers: readonly SchemaEntry[],
  request: RecoverRequest,
): RecoverReport {
  const { db, all } = tables;
  const count = (of: (counts: RowCounts) => number): Record<string, number> =>
    Object.fromEntries(
      all.map((table) => [table.pair.name, of(counts.get(table)!)] as const).filter(([, rows]) => rows > 0),
    );
  return {
    dryRun: request.dryRun,
    plan: '',
    inserted: count((each) => each.insert + each['as-new']),
    relinked: count(({ relinked }) => relinked),
    overwritten: count(({ overwrite }) => overwrite),
    kept: count(({ keep }) => keep),
    skipped: count(({ skip }) => skip),
    conflicts: all
      .filter((table) => counts.get(table)!.conflict > 0)
      .flatMap((table) => readConflicts(db, table))
      .slice(0, SHOWN),
    conflictCount: all.reduce((sum, table) => sum + counts.get(table)!.conflict, 0),
    triggers: triggers.map(({ name }) => name),
    alsoChanged: [],
    lostColumns: written.flatMap(({ older, newer, shared, pair }) =>
      newer
        ? older.columns
            .filter((column) => !shared.some((each) => each.older === column))
            .map(({ name }) => `${pair.name}.${name}`)
        : [],
    ),
    fullText: fullText(tables, written, request.triggers),
    newKeys: all
      .filter((table) => counts.get(table)!['as-new'] > 0)
      .flatMap(({ rows, pair }) =>
        (
          db
            .prepare(`SELECT i0, newkey FROM temp.${rows} WHERE action = 'as-new' LIMIT ${SHOWN}`)
            .raw()
            .safeIntegers()
            .all() as [bigint, bigint][]
        ).map(([from, to]) => ({ table: pair.name, from: toValue(from), to: toValue(to) })),
      ),
  };
}

function fullText(
  { schemas }: PlannedTables,
  written: readonly PlannedTable[],
  fire: boolean,
): RecoverReport['fullText'] {
  return [...schemas.newer.tables.values()].flatMap((index) => {
    const content = contentOf(index);
    if (content === undefined) return [];
    const { entries } = schemas.newer;
    const sources = written.filter(({ pair }) => hasRowsOf(content, pair.name, entries));
    if (sources.length === 0) return [];
    const isKept = ({ pair }: PlannedTable): boolean =>
      entries.some(
        ({ type, table, sql }) =>
          type === 'trigger' && sameName(table, pair.name) && fold(sql).includes(fold(index.name)),
      );
    const how = fire && sources.every(isKept) ? ('triggers' as const) : ('rebuilt' as const);
    return [{ table: index.name, how }];
  });
}

function readConflicts(db: Database, table: PlannedTable): Conflict[] {
  const { older, newer, rows, shared, key, pair } = table;
  if (!newer) return [];
  const found = db.prepare(
    `SELECT ${idNames(older)}, taken FROM temp.${rows} WHERE action = 'conflict' LIMIT ${SHOWN}`,
  );
  return (found.safeIntegers().raw().all() as bigint[][]).map((values) => {
    const taken = Number(values.pop());
    const unique = newer.uniqueKeys[taken];
    const join = taken < 0 ? partner(table) : isHolder(table, unique!);
    const where = older.id.map((id) => `o.${quoteName(id)} = ?`).join(' AND ');
    const from = `FROM ${tableIn('older', older)} o CROSS JOIN ${tableIn('main', newer)} n ON ${join} WHERE ${where} LIMIT 1`;
    const read = (columns: readonly string[]): unknown[] =>
      (db
        .prepare(`SELECT ${columns.join(', ') || 'NULL'} ${from}`)
        .safeIntegers()
        .raw()
        .get(values) ?? []) as unknown[];
    const row = (alias: string, names: readonly string[]): Conflict['backup'] => {
      const cells = read(names.map((name) => `${alias}.${quoteName(name)}`));
      return Object.fromEntries(names.map((name, i) => [name, toValue(cells[i] as bigint)]));
    };
    const differ = read(shared.map((column) => differs('o', 'n', column)));
    const backup = row(
      'o',
      older.columns.map(({ name }) => name),
    );
    return {
      table: pair.name,
      key: key?.map(
        (column) => backup[older.columns.find(({ name }) => sameName(name, column))?.name ?? ''] ?? toValue(values[0]!),
      ),
      kind: kindOf(taken),
      columns:
        unique && taken >= 0
          ? unique.columns
          : shared.filter((_, i) => Number(differ[i]) === 1).map((column) => column.newer.name),
      backup,
      live: row(
        'n',
        newer.columns.map(({ name }) => name),
      ),
    };
  });
}

/** SQL: the live row `n` has the unique value of the backup's row `o`. */
function isHolder({ older, newer }: PlannedTable, unique: UniqueKey): string {
  if (unique.plain) return keysEqual(unique.columns, unique.collations);
  const row = older.id.map((id) => `b.${quoteName(id)} = o.${quoteName(id)}`).join(' AND ');
  return `(${ids('n', newer!)}) = (${holderOf(unique, older, newer!, row)})`;
}

function kindOf(taken: number): Conflict['kind'] {
  if (taken === TAKEN_PARENT) return 'parent';
  return taken === TAKEN_KEY ? 'key' : 'unique';
}
