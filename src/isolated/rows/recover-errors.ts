import type { RecoverReport, RecoverRequest } from '../../child/rows-protocol.js';
import { RecoverError } from '../../child/rows-protocol.js';
import { BackupError, messageOf } from '../../util/errors.js';
import { bytesText } from '../../util/sql-value.js';

export function badWhere(why: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RECOVER_WHERE', `"where" cannot be used: ${why}.`, {
    step: 'where',
    hint: "It must be one SQL expression over the columns of the table, such as id = 42, with SQLite's own functions. Nothing was written.",
    cause,
  });
}

export function tableMissing(table: string): BackupError {
  return new BackupError('ERR_BACKUP_RECOVER_TABLE', `The live database has no table "${table}".`, {
    step: 'plan',
    hint: 'Nothing was written. To make it again as the backup has it, add the option "create" (--create).',
  });
}

export function tableUnreadable(table: string, reason: string): BackupError {
  return new BackupError('ERR_BACKUP_RECOVER_TABLE', `The rows of "${table}" cannot be brought back: ${reason}.`, {
    step: 'plan',
    hint: 'Nothing was written. Restore the backup to another file, and let the app copy the rows.',
  });
}

export function cannotWrite(table: string, cause: unknown): BackupError {
  return new BackupError(
    'ERR_BACKUP_RECOVER_TABLE',
    `"${table}" cannot be written by this program (${messageOf(cause)}).`,
    {
      step: 'plan',
      hint: `Nothing was written. ${
        /too many/.test(messageOf(cause))
          ? 'It is as wide as SQLite allows, and its rows cannot be carried'
          : "It needs a function, a collation or a module that only the app's own connections have"
      }: restore the backup to another file, and let the app copy the rows.`,
      cause,
    },
  );
}

export function needsColumn(what: string, table?: string, column?: string): BackupError {
  const example = table === undefined ? 'table.column=value' : `${table}.${column}=value`;
  return new BackupError('ERR_BACKUP_RECOVER_COLUMN', what, {
    step: 'plan',
    hint: `Nothing was written. Give the value with the option "set" (--set '${example}').`,
  });
}

export function computedReference(table: string, from: readonly string[], parent: string): BackupError {
  return new BackupError(
    'ERR_BACKUP_RECOVER_TABLE',
    `"${parent}" cannot get new keys: "${table}" refers to it by ${from.map((column) => `"${column}"`).join(', ')}, which is computed.`,
    {
      step: 'plan',
      hint: 'Nothing was written. Leave such rows out (--skip, --no-related), or change the live row that has the key, so that it is free.',
    },
  );
}

/** @param chosen what was to be done about rows that are in the way, and could not be done about these */
export function conflicting(report: RecoverReport, chosen?: RecoverRequest['onConflict']): RecoverError {
  const { conflicts, conflictCount } = report;
  const [first] = conflicts;
  // Bytes are no text: they may hold anything.
  const key = first?.key?.map((value) => (value instanceof Uint8Array ? bytesText(value) : String(value))).join(', ');
  const which = first ? `, the first in "${first.table}"${key === undefined ? '' : ` (key ${key})`}` : '';
  const unique = conflicts.some(({ kind }) => kind === 'unique');
  const keyless = chosen === 'as-new' && !unique;
  const rows = conflictCount === 1 ? 'row has' : 'rows have';
  return new RecoverError(
    'ERR_BACKUP_RECOVER_CONFLICT',
    `${conflictCount} ${rows} another live row in the way${which}.`,
    {
      step: 'plan',
      hint: keyless
        ? 'Nothing was written. SQLite gives new keys to an INTEGER PRIMARY KEY only: give one with "set" (--set), or choose "overwrite" (--overwrite), "skip" (--skip) or "keep" (--keep).'
        : unique
          ? 'Nothing was written. A unique value is taken by another live row: change that row, give a value with "set" (--set), or leave such rows out with onConflict "skip" (--skip).'
          : 'Nothing was written. Look at both versions, then choose: onConflict "overwrite" (--overwrite), "skip" (--skip), "as-new" (--as-new) or "keep" (--keep).',
    },
    report,
  );
}

export function planChanged(report: RecoverReport): RecoverError {
  return new RecoverError(
    'ERR_BACKUP_RECOVER_PLAN',
    'The rows are no longer as they were when the plan was made.',
    { step: 'plan', hint: `Nothing was written. Look at the new plan; its digest is ${report.plan}.` },
    report,
  );
}

/** Turns what SQLite or a trigger said against a row into an error. */
export function refused(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RECOVER_CONSTRAINT', `The live database refused the rows (${messageOf(cause)}).`, {
    step: 'recover',
    hint: /FOREIGN KEY/.test(messageOf(cause))
      ? 'Nothing was written. A row needs another one that neither comes along nor is there: leave "related" on, or bring its parent back first.'
      : 'Nothing was written. Give other values with "set" (--set), or leave triggers out with "triggers: false" (--no-triggers).',
    cause,
  });
}

/** Rows are written under a lock that keeps other writers out, which only a file has. */
export function noRowsInto(source: string): BackupError {
  return new BackupError('ERR_BACKUP_SOURCE_UNSUPPORTED', `Rows cannot be written into ${source} by this program.`, {
    step: 'recover',
    hint:
      'It has no lock that keeps other writers out between the plan and the rows. "dryRun" has the plan, and "sql" writes it ' +
      'to a file as statements, to be looked at and sent as one transaction.',
  });
}
