import type { Database } from 'better-sqlite3';
import type { VerifyLevel } from '../../catalog/manifest.js';
import { messageOf, systemCode } from '../../util/errors.js';

export interface CheckResult {
  /** What SQLite finds wrong, in words; empty if nothing. */
  readonly problems: readonly string[];
  /**
   * Tables whose rows can't be checked here, since an index or a generated column needs a function or collation that only
   * the app's own connection has. Their pages are checked.
   */
  readonly uncheckedTables: readonly string[];
}

/** PRAGMA quick_check or integrity_check, and what comes closest to it where a database needs the app's own functions. */
export function checkDatabase(db: Database, level: VerifyLevel): CheckResult {
  try {
    return { problems: check(db, level), uncheckedTables: [] };
  } catch (error) {
    if (!needsTheApp(error)) throw error;
    return checkTableByTable(db, level);
  }
}

const MAX_FINDINGS = 10;

function check(db: Database, level: VerifyLevel, table?: string): string[] {
  return unlessCorrupt(() => {
    const expected = findingsOfVectorIndexes(db);
    const argument = table === undefined ? MAX_FINDINGS + expected.size : `"${table.replaceAll('"', '""')}"`;
    const rows = db.pragma(`${level === 'full' ? 'integrity_check' : 'quick_check'}(${argument})`);
    const found = (rows as Record<string, unknown>[]).map((row) => String(Object.values(row)[0]));
    return found.filter((finding) => finding !== 'ok' && !expected.has(finding));
  });
}

/**
 * libsql keeps a vector index in tables of its own, which are checked like any other; the index proper stays empty. To
 * libsql that is in order, to SQLite it is the one finding about it.
 */
function findingsOfVectorIndexes(db: Database): Set<string> {
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%(%libsql_vector_idx(%)%'";
  const names = db.prepare(sql).pluck().all() as string[];
  return new Set(names.map((name) => `wrong # of entries in index ${name}`));
}

function needsTheApp(error: unknown): boolean {
  return /^(unknown function|no such (function|collation sequence|module|tokenizer))/.test(messageOf(error));
}

function checkTableByTable(db: Database, level: VerifyLevel): CheckResult {
  const problems: string[] = [];
  const uncheckedTables: string[] = [];
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  for (const table of tables) {
    try {
      problems.push(...checkAsFarAsPossible(db, level, table));
    } catch (error) {
      if (!needsTheApp(error)) throw error;
      uncheckedTables.push(table);
    }
  }
  problems.push(...walkPages(db));
  return { problems, uncheckedTables };
}

/** Every page of every table and index; that needs nothing of the app. */
function walkPages(db: Database): string[] {
  const sql = "SELECT name, pageno FROM dbstat WHERE pagetype = 'corrupted' LIMIT ?";
  return unlessCorrupt(() => {
    const damaged = db.prepare(sql).all(MAX_FINDINGS) as { name: string; pageno: number }[];
    return damaged.map(({ name, pageno }) => `page ${pageno} of ${name} is malformed`);
  });
}

/** Damage that SQLite can't even walk past is an error of its own. */
function unlessCorrupt(find: () => string[]): string[] {
  try {
    return find();
  } catch (error) {
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(systemCode(error))) return [messageOf(error)];
    throw error;
  }
}

function checkAsFarAsPossible(db: Database, level: VerifyLevel, table: string): string[] {
  try {
    return check(db, level, table);
  } catch (error) {
    // An index on an expression can be compared with its table by the app only; the rows themselves can be checked.
    if (level === 'full' && needsTheApp(error)) return check(db, 'quick', table);
    throw error;
  }
}
