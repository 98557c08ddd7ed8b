import { queryToJson } from '../../child/rows-protocol.js';
import type { QueryResult } from '../../index.js';
import { csvOf } from '../../util/csv.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findBackup } from '../find-backup.js';
import type { QueryFlags } from '../flags.js';
import { table } from '../format.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import { sqlText } from '../sql-text.js';

export const query: CommandFunction<[string, string, QueryFlags]> = async (context, name, sql, { csv, rows }) => {
  const { service } = await openService(context);
  const backup = await findBackup(service, name);
  const limits = rows === undefined ? {} : { rows };
  const result = await withProgress(context, (control) =>
    service.queryBackup(backup.name, sql, {
      ...limits,
      ...(context.flags.timeout !== undefined && { timeout: context.flags.timeout }),
      ...control,
    }),
  );
  if (result.truncated) context.terminal.warn('There is more than is shown: see --rows.');
  const { columns, rows: found, truncated } = queryToJson(result);
  return {
    exitCode: EXIT.done,
    document: { columns, rows: found, truncated },
    ...(csv ? { data: csvOf(result) } : { lines: linesOf(result, context) }),
  };
};

function linesOf({ columns, rows }: QueryResult, { terminal }: Context): string[] {
  const cells = rows.map((row) => row.map((value) => (typeof value === 'string' ? value : sqlText(value))));
  return table([[...columns], ...cells], { columns: terminal.columns, mayCut: false });
}
