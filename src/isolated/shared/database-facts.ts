import crypto from 'node:crypto';
import type { Database } from 'better-sqlite3';
import type { SnapshotFacts } from '../../sources/database-source.js';
import { pastForeignSchema } from './foreign-schema.js';

/** Facts of a database that can be asked itself. */
export interface SourceFacts extends SnapshotFacts {
  /** `'UTF-8'`, `'UTF-16le'` or `'UTF-16be'`. */
  readonly encoding: string;
  readonly schemaDigest: string;
}

/** Reads all facts in the connection's transaction; the first of these reads is what pins the snapshot. */
export function readFacts(db: Database): SourceFacts {
  return pastForeignSchema(db, () => read(db));
}

function read(db: Database): SourceFacts {
  const schema = crypto.createHash('sha256');
  const rows = db.prepare('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid').raw();
  for (const row of rows.iterate()) schema.update(JSON.stringify(row));
  const ask = (pragma: string): unknown => db.pragma(pragma, { simple: true });
  return {
    journalMode: String(ask('journal_mode')),
    pageSize: Number(ask('page_size')),
    pageCount: Number(ask('page_count')),
    encoding: String(ask('encoding')),
    userVersion: Number(ask('user_version')),
    applicationId: Number(ask('application_id')),
    schemaDigest: schema.digest('hex'),
  };
}
