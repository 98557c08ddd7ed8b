import { backupNaming } from '../../catalog/backup-name.js';
import type { ChildResult } from '../../child/protocol.js';
import { queryToJson } from '../../child/rows-protocol.js';
import type { QueryRequest } from '../../child/rows-protocol.js';
import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import type { SqlValue } from '../../util/sql-value.js';
import { Deadline } from '../shared/deadline.js';
import { beginStep } from '../shared/steps.js';
import { sortInMemory, watched } from '../shared/watched.js';
import { openBackup, openPlain, ScratchSpace } from './open-states.js';
import { toValue } from './read-rows.js';

/** Asks a finished backup one SELECT, and reads no more of the answer than is wanted. */
export async function query(request: QueryRequest): Promise<ChildResult> {
  const { database, directory, name, sql } = request;
  const deadline = Deadline.beforeTheParents(request.timeoutMs);
  const scratch = new ScratchSpace({ directory, naming: backupNaming(database) }, database, deadline);
  try {
    beginStep('check');
    const db = openBackup(await openPlain({ directory, naming: backupNaming(database) }, name, scratch));
    try {
      beginStep('query');
      sortInMemory(db);
      const { withinMs } = request;
      return {
        kind: 'queried',
        result: queryToJson(watched({ withinMs, refuse: refused }, () => ask(db, sql, request))),
      };
    } catch (error) {
      const code = systemCode(error);
      if (error instanceof BackupError || /^SQLITE_(CORRUPT|NOTADB|IOERR|FULL|NOMEM|BUSY)/.test(code)) throw error;
      throw refused(messageOf(error), error);
    } finally {
      db.close();
    }
  } finally {
    await scratch.dispose();
  }
}

function ask(db: ReturnType<typeof openBackup>, sql: string, limits: QueryRequest): Parameters<typeof queryToJson>[0] {
  const statement = db.prepare(sql);
  // A PRAGMA may be "read-only" and change how this connection works.
  if (
    !statement.reader ||
    !statement.readonly ||
    !/^(?:\s|--.*\n|\/\*[^]*?\*\/)*(SELECT|WITH|VALUES|EXPLAIN)\b/i.test(sql)
  ) {
    throw refused('it is not a SELECT');
  }
  statement.bind();
  const columns = statement.columns().map((column) => column.name);
  const rows: SqlValue[][] = [];
  let bytes = 0;
  for (const raw of statement.raw().safeIntegers().iterate() as Iterable<SqlValue[]>) {
    bytes += raw.reduce<number>((sum, value) => sum + bytesOf(value), 0);
    if (rows.length === limits.rows || bytes > limits.bytes) return { columns, rows, truncated: true };
    rows.push(raw.map(toValue));
  }
  return { columns, rows, truncated: false };
}

function bytesOf(value: SqlValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.byteLength : 8;
}

function refused(why: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_QUERY', `The query cannot be answered: ${why}.`, {
    step: 'query',
    hint: "It must be one SELECT over the backup's tables, with SQLite's own functions. The backup was not changed.",
    cause,
  });
}
