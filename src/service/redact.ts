import path from 'node:path';
import type { AssertionResult } from '../catalog/manifest.js';
import type { RecoverReport } from '../child/rows-protocol.js';

/**
 * For whom something is written. Whoever sits at the machine sees all of it. On the web nothing names a folder, no message of the
 * system is passed on, and what is made of rows is for those who may download all of them.
 */
export type Reader =
  { readonly at: 'machine' } | { readonly at: 'web'; readonly directory: string; readonly maySeeRows: boolean };

/** Whoever may open the files themselves. */
export const AT_THE_MACHINE: Reader = { at: 'machine' };

/** What only those at the machine are told: paths, messages, and the processes and hosts behind them. */
export function privately<T extends object>(value: T, reader: Reader): T | undefined {
  return reader.at === 'machine' ? value : undefined;
}

/** Messages of SQLite and the system may name folders, which must not appear on the web. */
export function withoutFolder(text: string, { directory }: { readonly directory: string }): string {
  return text.replaceAll(`${directory}/`, '').replaceAll(`${directory}\\`, '').replaceAll(directory, '');
}

/** The folder's own name, without its parents. A bucket is named in full. */
export function storeName(store: string): string {
  return path.isAbsolute(store) ? path.basename(store) : store;
}

/** The name of a store, as far as this reader is told it. */
export function storeFor(store: string, reader: Reader): string {
  return reader.at === 'web' ? storeName(store) : store;
}

const ASSERTION_FAILED = 'assertion failed: ';

/** The problems that a verification found, as far as this reader is told them. */
export function problemsFor(problems: readonly string[], reader: Reader): readonly string[] {
  if (reader.at === 'machine') return problems;
  const said = problems.map((problem) =>
    problem.startsWith(ASSERTION_FAILED) && !reader.maySeeRows ? 'an assertion failed' : withoutFolder(problem, reader),
  );
  return [...new Set(said)];
}

/** The assertions of a drill: statement and error, which are made of rows, or only whether each held. */
export function assertionsFor(
  assertions: readonly AssertionResult[],
  reader: Reader,
): readonly Partial<AssertionResult>[] {
  return reader.at === 'machine' || reader.maySeeRows ? assertions : assertions.map(({ ok }) => ({ ok }));
}

/** A recovery's report for the web. Values of rows are for those who may see them; the command that takes it back names folders. */
export function recoveryOnTheWeb(report: RecoverReport, maySeeValues: boolean): Omit<RecoverReport, 'undo'> {
  const rest = { ...report, undo: undefined };
  return maySeeValues ? rest : { ...rest, conflicts: [], newKeys: [] };
}
