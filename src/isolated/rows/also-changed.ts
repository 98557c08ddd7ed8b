// Tables that have changed since the backup and are no part of a plan: what was deleted may have changed them, too.
import type { RecoverReport } from '../../child/rows-protocol.js';
import { systemCode } from '../../util/errors.js';
import { whyNotCompared } from './diff.js';
import { fold } from './names.js';
import { pairTables } from './pair-rows.js';
import type { TablePair } from './pair-rows.js';
import type { Plan } from './plan.js';
import { tableIn } from './read-schema.js';
import type { Schema, Side } from './read-schema.js';

/** A table of more rows is compared only if the plan's tables are related to it: one row back must not read a log of gigabytes. */
const UNRELATED_ROWS = 100_000;

/** Asked in the transaction that made the plan, so that what the plan has compared is not compared again. */
export function findAlsoChanged({ tables, written }: Plan): RecoverReport['alsoChanged'] {
  const { older, newer } = tables.schemas;
  const planned = new Set(written.map(({ pair: { name } }) => fold(name)));
  const related = relatives(newer, planned);
  const isSmall = (pair: TablePair): boolean =>
    (['older', 'main'] as Side[]).every((side) => {
      const table = tableIn(side, side === 'older' ? pair.older! : pair.newer!);
      const beyond = tables.db.prepare(`SELECT 1 FROM ${table} LIMIT 1 OFFSET ${UNRELATED_ROWS}`);
      return beyond.get() === undefined;
    });
  return pairTables(older.tables, newer.tables).flatMap((pair) => {
    if (!pair.older || !pair.newer || planned.has(fold(pair.name)) || whyNotCompared(pair) !== undefined) return [];
    try {
      if (!related.has(fold(pair.name)) && !isSmall(pair)) return [];
      const { added, changed, removed } = tables.changesOf(pair);
      const count = added + changed + removed;
      return count === 0 ? [] : [{ table: pair.name, count }];
    } catch (error) {
      if (!systemCode(error).startsWith('SQLITE_ERROR')) throw error;
      return [];
    }
  });
}

/** By folded name: tables that a foreign key ties to these, in either direction, or that a trigger of theirs names. */
function relatives({ tables, entries }: Schema, planned: ReadonlySet<string>): Set<string> {
  const related = new Set<string>();
  for (const [name, { foreignKeys }] of tables) {
    for (const { parent } of foreignKeys) {
      if (planned.has(name)) related.add(fold(parent));
      if (planned.has(fold(parent))) related.add(name);
    }
  }
  for (const { type, table, sql } of entries) {
    if (type !== 'trigger' || !planned.has(fold(table))) continue;
    for (const name of tables.keys()) if (fold(sql).includes(name)) related.add(name);
  }
  return related;
}
