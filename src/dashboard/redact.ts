import path from 'node:path';
import type { AssertionResult, BackupService } from '../index.js';
import type { Rights } from './guard.js';

/** Messages of SQLite and the system may name folders, which must not appear on the web. */
export function withoutFolder(text: string, { directory }: Pick<BackupService, 'directory'>): string {
  return text.replaceAll(`${directory}/`, '').replaceAll(`${directory}\\`, '').replaceAll(directory, '');
}

/** The folder's own name, without its parents. A bucket is named in full. */
export function storeName(store: string): string {
  return path.isAbsolute(store) ? path.basename(store) : store;
}

/** A drill's statements and what they returned are made of rows: they are for whoever may download all of them. */
function maySeeRows(rights: Rights): boolean {
  return rights.download;
}

const ASSERTION_FAILED = 'assertion failed: ';

/** The problems that a verification found, as far as these rights go. */
export function sayProblems(
  problems: readonly string[],
  service: Pick<BackupService, 'directory'>,
  rights: Rights,
): string[] {
  const said = problems.map((problem) =>
    problem.startsWith(ASSERTION_FAILED) && !maySeeRows(rights)
      ? 'an assertion failed'
      : withoutFolder(problem, service),
  );
  return [...new Set(said)];
}

/** The assertions of a drill: all of it, or only whether each held. */
export function sayAssertions(assertions: readonly AssertionResult[], rights: Rights): Partial<AssertionResult>[] {
  return assertions.map((result) => (maySeeRows(rights) ? result : { ok: result.ok }));
}
