import type { Database } from 'better-sqlite3';
import { messageOf, systemCode } from '../../util/errors.js';
import { sortInMemory } from '../shared/watched.js';
import { carried, insertMany } from './carry-rows.js';
import { whyNoExpression } from './expression.js';
import { insertGone } from './gone-rowids.js';
import { quoteName } from './names.js';
import { openBackup } from './open-states.js';
import type { PlainBackup } from './open-states.js';
import { keysEqual, pairRows, walked } from './pair-rows.js';
import type { PlannedTable } from './planned-table.js';
import { tableIn } from './read-schema.js';
import type { Table } from './read-schema.js';
import { badWhere } from './recover-errors.js';
import { idNames, ids } from './identity.js';

/**
 * The rows of the backup for which an expression is true, as `temp.selected`. It is asked on a connection that has nothing but the
 * backup and can only read: tables that the expression names are the backup's.
 *
 * @throws BackupError `ERR_BACKUP_RECOVER_WHERE`
 */
export function selectWhere(db: Database, backup: PlainBackup, table: Table, where: string): void {
  const why = whyNoExpression(where);
  if (why !== undefined) throw badWhere(why);
  const names = makeSelected(db, table);
  const source = openBackup(backup);
  try {
    sortInMemory(source);
    const sql = `SELECT ${carried(table.id.map(quoteName))} FROM ${quoteName(table.name)} WHERE (\n${where}\n)`;
    const statement = source.prepare(sql);
    if (!statement.readonly) throw badWhere('it is not an expression that only reads');
    statement.bind();
    const rows = (): Iterable<unknown[]> => statement.raw().safeIntegers().iterate() as Iterable<unknown[]>;
    insertMany(db, `INSERT INTO temp.selected (${names.join(', ')})`, names.length, rows);
  } catch (error) {
    const code = systemCode(error);
    if (/^SQLITE_(CORRUPT|NOTADB|IOERR|FULL|NOMEM|BUSY)/.test(code) || code.startsWith('ERR_BACKUP')) throw error;
    throw badWhere(messageOf(error), error);
  } finally {
    source.close();
  }
}

/** Puts into a plan the rows that `selectWhere()` has chosen. */
export function chooseSelected(db: Database, { older, rows }: PlannedTable): void {
  db.exec(`INSERT INTO temp.${rows} (${idNames(older)}) SELECT * FROM temp.selected`);
}

/** Puts into a plan all rows that the live table no longer has. */
export function chooseGone(db: Database, { pair, older, newer, rows, key }: PlannedTable): void {
  const into = `INSERT INTO temp.${rows} (${idNames(older)}, action, taken)`;
  const all = `${into} SELECT ${ids('o', older)}, 'insert', -1 FROM ${walked('older', older, 'o')}`;
  if (!newer) {
    db.exec(all);
  } else if (key && older.rowidColumn !== undefined && newer.rowidColumn !== undefined) {
    insertGone(db, rows, older, newer);
  } else if (key && (older.withoutRowid || older.virtual || older.rowidColumn !== undefined)) {
    const live = `${tableIn('main', newer)} n ON ${keysEqual(key, newer.keyCollations)}`;
    db.exec(`${all} LEFT JOIN ${live} WHERE n.${quoteName(newer.id[0]!)} IS NULL`);
  } else {
    const { changes } = pairRows(db, pair, 3000);
    const names = older.id.map((_, i) => `o${i}`).join(', ');
    db.exec(
      `${into} SELECT ${names}, 'insert', -1 FROM temp.${changes} WHERE kind = 'removed'; DROP TABLE temp.${changes}`,
    );
  }
}

function makeSelected(db: Database, table: Table): string[] {
  const names = table.id.map((_, i) => `i${i}`);
  db.exec(`DROP TABLE IF EXISTS temp.selected; CREATE TEMP TABLE selected (${names.join(', ')})`);
  return names;
}
