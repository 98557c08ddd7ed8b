// Unique indexes that are partial or have expressions: which live row has the value that a row of the backup needs.
import type { Database } from 'better-sqlite3';
import { systemCode } from '../../util/errors.js';
import { columnList, quoteName } from './names.js';
import { tableIn } from './read-schema.js';
import type { Table, UniqueKey } from './read-schema.js';

/**
 * SQL of the live row, as its identity, that has what a unique key compares of a row of the backup.
 *
 * @param isRow SQL: the backup's row is `b`
 */
export function holderOf(unique: UniqueKey, older: Table, newer: Table, isRow: string): string {
  const { index, collations } = unique;
  const { terms, where } = index!;
  const equal = terms.map((term, i) => `(${term}) = u.${termName(i)} COLLATE ${quoteName(collations[i]!)}`);
  return `SELECT ${columnList('n', newer.id)} FROM (SELECT ${termList(terms)} FROM ${tableIn('older', older)} b WHERE ${isRow} AND (${where})) u
    CROSS JOIN ${tableIn('main', newer)} n ON (${where}) AND ${equal.join(' AND ')}`;
}

/** Can the terms be computed of the backup's rows? By themselves, so that a column that it lacks is not taken for one of ours. */
export function isComputable(db: Database, { index }: UniqueKey, older: Table): boolean {
  if (!index) return false;
  try {
    db.prepare(`SELECT ${termList(index.terms)} FROM ${tableIn('older', older)} b WHERE ${index.where}`);
    return true;
  } catch (error) {
    if (systemCode(error).startsWith('SQLITE_ERROR')) return false;
    throw error;
  }
}

function termList(terms: readonly string[]): string {
  return terms.map((term, i) => `(${term}) AS ${termName(i)}`).join(', ');
}

/** No column of anybody's is called so: the terms name columns without a table. */
function termName(i: number): string {
  return quoteName(`autobackup term ${i}`);
}
