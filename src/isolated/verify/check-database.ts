import type { Database } from 'better-sqlite3';
import type { VerifyLevel } from '../../catalog/manifest.js';
import { headerFindings, readHeader } from '../../util/database-header.js';
import { messageOf } from '../../util/errors.js';
import { foreignSchema } from '../shared/foreign-schema.js';
import { checkPages } from './check-pages.js';
import { damageIn, lookTwice, meaningOfError, sortLines } from './sqlite-answers.js';
import type { CheckLines } from './sqlite-answers.js';

export interface CheckResult {
  /** Damage of the pages, in words, with all else that was found then; empty if there is none. */
  readonly problems: readonly string[];
  /**
   * Lists what SQLite says about rows, constraints and derived indexes of a database whose pages are good, and what it could not
   * judge here. At most {@link MAX_FINDINGS} texts of at most {@link MAX_FINDING_LENGTH} characters.
   */
  readonly findings: readonly string[];
  /** Tables whose rows could not be judged here, since only the app's own connection has what that needs. */
  readonly uncheckedTables: readonly string[];
}

export const MAX_FINDINGS = 20;
export const MAX_FINDING_LENGTH = 300;
/** SQLite stops at so many. */
const MAX_LINES = 10;

/**
 * Asks PRAGMA quick_check or integrity_check of a database that nobody writes to, and sorts the answer: damage of pages is
 * told apart from findings about rows and indexes. Where the database needs the app's own functions, collations or modules,
 * it is checked table by table, and all pages once more by themselves.
 *
 * @param isLive the live database: it is not opened a second time, so where it needs the app, its freelist is not judged
 * @throws what SQLite throws if the file could not be read (EIO, ENOMEM, EACCES, BUSY): nothing is known of it then
 */
export function checkDatabase(db: Database, level: VerifyLevel, isLive = false): CheckResult {
  const result = lookTwice(
    () => checkOnce(db, level, isLive),
    ({ problems }) => problems.length > 0,
  );
  // Reading the live database's file would drop the locks that this process has on it.
  if (isLive || result.problems.length > 0) return result;
  return { ...result, findings: bounded([...headerFindings(readHeader(db.name)), ...result.findings]) };
}

function checkOnce(db: Database, level: VerifyLevel, isLive: boolean): CheckResult {
  const foreign = foreignSchema(db);
  const whole = foreign === undefined ? ask(db, level) : { unjudged: foreign };
  if (!('unjudged' in whole)) {
    // SQLite says nothing at all about a table whose module is missing.
    const findings = whole.damage.length === 0 ? [...whole.findings, ...missingModules(db)] : whole.findings;
    return toResult({ ...whole, findings }, []);
  }
  const lines: CheckLines = { damage: [], findings: [] };
  if (foreign !== undefined) lines.findings.push(`part of the schema could not be judged: ${foreign}`);
  const uncheckedTables: string[] = [];
  try {
    lines.findings.push(...missingModules(db));
    for (const table of tablesOf(db)) {
      const { damage, findings, unchecked } = checkTable(db, level, table);
      lines.damage.push(...damage);
      lines.findings.push(...findings);
      if (unchecked) uncheckedTables.push(table);
    }
  } catch (error) {
    // Not even the schema can be read: there is nothing to go through.
    return toResult(
      { damage: [meaningOfError(error) === 'finding' ? messageOf(error) : damageIn(error)], findings: [] },
      [],
    );
  }
  // A virtual table's own check fails alone, and then its reason is among those of the tables.
  const pages = isLive ? undefined : checkPages(db.name, !db.readonly);
  if (pages) lines.damage.push(...pages);
  else lines.findings.push('the freelist and the use of pages could not be judged in this file');
  return toResult(lines, uncheckedTables);
}

function toResult({ damage, findings }: CheckLines, uncheckedTables: readonly string[]): CheckResult {
  const found = bounded([...new Set([...damage, ...findings])]);
  // Beside damage, a finding is most likely its consequence.
  return damage.length > 0
    ? { problems: found, findings: [], uncheckedTables }
    : { problems: [], findings: found, uncheckedTables };
}

function bounded(findings: readonly string[]): string[] {
  const shown = findings.slice(0, findings.length > MAX_FINDINGS ? MAX_FINDINGS - 1 : MAX_FINDINGS);
  const more = findings.length - shown.length;
  const texts = more > 0 ? [...shown, `and ${more} more`] : shown;
  return texts.map(toOneLine);
}

/** An R-tree's check answers in several lines, and names come from the database. */
function toOneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is removed
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return line.length > MAX_FINDING_LENGTH ? `${line.slice(0, MAX_FINDING_LENGTH - 1)}…` : line;
}

/** `unjudged`: why SQLite could not go on, for a reason that is not damage. */
type Answer = CheckLines | { readonly unjudged: string };

function ask(db: Database, level: VerifyLevel, table?: string): Answer {
  try {
    const expected = findingsOfVectorIndexes(db);
    const argument = table === undefined ? MAX_LINES + expected.size : `"${table.replaceAll('"', '""')}"`;
    const pragma = `PRAGMA ${level === 'full' ? 'integrity_check' : 'quick_check'}(${argument})`;
    const { damage, findings } = sortLines(db.prepare<[], string>(pragma).pluck().iterate());
    return { damage, findings: findings.filter((finding) => !expected.has(finding)) };
  } catch (error) {
    if (meaningOfError(error) === 'finding') return { unjudged: messageOf(error) };
    return { damage: [damageIn(error)], findings: [] };
  }
}

function checkTable(db: Database, level: VerifyLevel, table: string): CheckLines & { readonly unchecked?: boolean } {
  const answer = ask(db, level, table);
  if (!('unjudged' in answer)) return answer;
  // An index on an expression can be compared with its table by the app only; the rows themselves can be checked.
  const quick = level === 'full' ? ask(db, 'quick', table) : answer;
  if ('unjudged' in quick) {
    return { damage: [], findings: [`the rows of ${table} could not be judged: ${quick.unjudged}`], unchecked: true };
  }
  const finding = `the indexes of ${table} could not be compared with it: ${answer.unjudged}`;
  return { damage: quick.damage, findings: [...quick.findings, finding] };
}

function tablesOf(db: Database): string[] {
  return db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
}

function missingModules(db: Database): string[] {
  const virtual = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'";
  const tables = db.prepare<[], { name: string; sql: string }>(virtual).all();
  if (tables.length === 0) return [];
  const here = new Set(db.prepare<[], string>('SELECT lower(name) FROM pragma_module_list').pluck().all());
  return tables.flatMap(({ name, sql }) => {
    const module = /\bUSING\s+["'`[]?([^\s"'`\](]+)/i.exec(sql)?.[1] ?? '?';
    return here.has(module.toLowerCase()) ? [] : [`${name} could not be judged: no such module: ${module}`];
  });
}

/**
 * libsql keeps a vector index in tables of its own, which are checked like any other; the index proper stays empty. To
 * libsql that is in order, to SQLite it is the one finding about it.
 */
function findingsOfVectorIndexes(db: Database): Set<string> {
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%(%libsql_vector_idx(%)%'";
  const names = db.prepare<[], string>(sql).pluck().all();
  return new Set(names.map((name) => `wrong # of entries in index ${name}`));
}
