import { messageOf, systemCode } from '../../util/errors.js';

/**
 * The meaning of an answer of SQLite for a file. `damage`: its pages are not those of a whole database; `finding`: it works,
 * and something about its rows or indexes is not as declared, or cannot be judged here; `unread`: nothing, since reading
 * failed, so it may be asked again.
 */
export type Meaning = 'damage' | 'finding' | 'unread';

const CORRUPT = 11;
const NOTADB = 26;

/**
 * The meaning of an error that a check ended with. A virtual table's own corruption (`SQLITE_CORRUPT_VTAB`) is one of a
 * derived index. `SQLITE_ERROR` is said of what this SQLite lacks (a function, a tokenizer) and of malformed JSON. EIO,
 * ENOMEM, EACCES and BUSY say nothing about the contents (https://sqlite.org/rescode.html).
 */
export function meaningOfError(error: unknown): Meaning {
  const code = systemCode(error);
  if (/^SQLITE_CORRUPT_(VTAB|INDEX|SEQUENCE)$/.test(code)) return 'finding';
  if (/^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/.test(code)) return 'damage';
  return /^SQLITE_(ERROR|CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code) ? 'finding' : 'unread';
}

/** The meaning of a result code as a page check prints it: extended, with the primary code in the lower eight bits. */
export function meaningOfCode(code: number): Meaning {
  return [CORRUPT, NOTADB].includes(code & 0xff) ? 'damage' : 'unread';
}

/** The meaning of one line of a page check. */
export function meaningOfPageLine(line: string): Exclude<Meaning, 'finding'> {
  const code = /error code[= ](\d+)/.exec(line);
  if (code) return meaningOfCode(Number(code[1])) === 'damage' ? 'damage' : 'unread';
  // Its number was in range, so only reading it can have failed.
  return /failed to get page \d+$/.test(line) ? 'unread' : 'damage';
}

export interface CheckLines {
  readonly damage: string[];
  readonly findings: string[];
}

/**
 * Sorts what PRAGMA integrity_check answers. The findings of its page check come as one row with a heading of their own; all
 * others but one are about rows and indexes.
 *
 * @throws an error with a code of SQLite if a page could not be read
 */
export function sortLines(rows: Iterable<string>): CheckLines {
  const lines: CheckLines = { damage: [], findings: [] };
  for (const row of rows) {
    if (row === 'ok') continue;
    if (row === CORRUPT_RECORD) lines.damage.push(row);
    else if (!row.startsWith(PAGE_CHECK)) lines.findings.push(row);
    else for (const line of row.split('\n').slice(1)) if (line !== '') addPageLine(line, lines.damage);
  }
  return lines;
}

/**
 * A record that does not fit into its cell: the check of the rows ends with the text of SQLITE_CORRUPT as a row of its answer, without
 * the heading of the page check, which does not look into records (endCode in SQLite's pragma.c). Such a row cannot be read.
 */
const CORRUPT_RECORD = 'database disk image is malformed';

export const PAGE_CHECK = '*** in database ';

function addPageLine(line: string, damage: string[]): void {
  if (meaningOfPageLine(line) === 'unread') throw Object.assign(new Error(line), { code: 'SQLITE_IOERR' });
  damage.push(line);
}

/** Looks again where the first look says damage: SQLite takes some failed reads for that, and damage stays. */
export function lookTwice<T>(look: () => T, isDamaged: (result: T) => boolean = () => false): T {
  try {
    const result = look();
    if (!isDamaged(result)) return result;
  } catch (error) {
    if (meaningOfError(error) !== 'damage') throw error;
  }
  return look();
}

/** An error that means damage, as a problem; any other is thrown. */
export function damageIn(error: unknown): string {
  if (meaningOfError(error) !== 'damage') throw error;
  return messageOf(error);
}
