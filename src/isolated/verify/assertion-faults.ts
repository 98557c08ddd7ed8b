import Database from 'better-sqlite3';
import { distrust } from '../shared/distrust.js';
import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import { show } from '../../util/show.js';

const IN_MEMORY = ':memory:';

/**
 * A statement that is wrong whatever the data says nothing about the backup: it is refused, and no result is recorded. Without
 * a file that is found out at once, as far as it can be told without the tables.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function refuseFaulty(assertions: readonly string[], file = IN_MEMORY): void {
  const db = new Database(file, file === IN_MEMORY ? {} : { readonly: true, fileMustExist: true });
  try {
    distrust(db);
    for (const sql of assertions) {
      const fault = faultOf(db, sql);
      if (fault === undefined) continue;
      throw new BackupError('ERR_BACKUP_OPTIONS', `The assertion ${show(sql)} cannot be asked: ${fault}.`, {
        step: 'options',
        hint: "It must be one SELECT of one column, with SQLite's own functions. No result was recorded.",
      });
    }
  } finally {
    db.close();
  }
}

function faultOf(db: Database.Database, sql: string): string | undefined {
  try {
    const statement = db.prepare(sql);
    if (!statement.reader || !statement.readonly) return 'it is not a SELECT';
    if (statement.columns().length !== 1) return 'it must have one column';
    // Throws where there are parameters: nobody has values for them.
    statement.bind();
    return undefined;
  } catch (error) {
    return isAnAnswer(error) ? undefined : messageOf(error);
  }
}

/** A table that is not there is what a drill is to find. So is damage, which is told by asking. */
function isAnAnswer(error: unknown): boolean {
  const code = systemCode(error);
  return /^no such (table|column)/.test(messageOf(error)) || (code.startsWith('SQLITE_') && code !== 'SQLITE_ERROR');
}
