import path from 'node:path';
import { isBackupError } from '../../util/errors.js';
import { listCopies, verifyCopy } from '../../index.js';
import type { BackupError, BackupStore, CopyVerifyReport, RemoteCopy } from '../../index.js';
import { errorJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { ago, asLines, isNarrow, localTime, seconds, size, table, wrap } from '../format.js';
import { openStore, openStores, readIdentities } from '../store-option.js';
import type { StoreFlags } from '../store-option.js';
import type { VerifyFlags } from '../flags.js';
import { hostOf } from '../../offsite/copy-name.js';

// list and verify for the copies in a store, instead of the backups in the folder.

export const listRemote: CommandFunction<[StoreFlags & { allHosts?: boolean }]> = async (context, flags) => {
  const copies: RemoteCopy[] = [];
  const stores = await openStores(context, flags.from);
  for (const store of stores) {
    const host = flags.allHosts ? undefined : (flags.host ?? hostOf(store.settings ?? {}) ?? '');
    copies.push(...(await listCopies(store, { host, database: databaseName(context), signal: context.signal })));
  }
  const now = Date.now();
  return {
    exitCode: EXIT.done,
    document: { copies: copies.map((copy) => copyJson(copy, now)) },
    lines: copies.length === 0 ? [await noneOf(stores, context, flags)] : listLines(copies, now, context),
  };
};

/** A new machine has another name than the one that shipped: say which names there are. */
async function noneOf(
  stores: readonly BackupStore[],
  context: Context,
  { allHosts = false, host }: StoreFlags & { allHosts?: boolean },
): Promise<string> {
  if (allHosts) return 'There are no copies.';
  const database = databaseName(context);
  const all = await Promise.all(stores.map((store) => listCopies(store, { database, signal: context.signal })));
  const hosts = [...new Set(all.flat().map((copy) => copy.host ?? ''))].sort();
  if (hosts.length === 0) return 'There are no copies.';
  const named = hosts.map((each) => (each === '' ? 'no host at all' : JSON.stringify(each))).join(', ');
  const whose = host === undefined ? 'this machine' : JSON.stringify(host);
  return `There are no copies of ${whose}. There are copies of ${named}: name one with --host, or use --all-hosts.`;
}

type Outcome = CopyVerifyReport | { readonly copy: RemoteCopy; readonly error: BackupError };

export const verifyRemote: CommandFunction<[string | undefined, VerifyFlags & StoreFlags]> = async (
  context,
  name,
  flags,
) => {
  const store = await openStore(context, flags.from);
  const host = flags.host ?? hostOf(store.settings ?? {}) ?? '';
  const identities = readIdentities(flags.identity);
  const { assert, all = false, level = assert ? 'drill' : 'hash' } = flags;
  const whose = { host, database: databaseName(context), signal: context.signal };
  const given = { ...whose, from: store, level, identities, ...(assert && { assertions: assert }) };
  const outcomes: Outcome[] = [];
  if (!all) outcomes.push(await verifyCopy({ ...given, name: name ?? 'latest' }));
  else {
    for (const copy of await listCopies(store, whose)) {
      try {
        outcomes.push(await verifyCopy({ ...given, name: copy.name }));
      } catch (error) {
        if (!isBackupError(error) || ['ERR_BACKUP_CANCELLED', 'ERR_BACKUP_OPTIONS'].includes(error.code)) throw error;
        outcomes.push({ copy, error });
      }
    }
  }
  const bad = outcomes.some((outcome) => 'ok' in outcome && !outcome.ok);
  const failed = outcomes.find((outcome) => 'error' in outcome);
  return {
    exitCode: bad
      ? EXIT.verificationFailed
      : failed
        ? exitCodeOf(failed.error)
        : outcomes.length === 0
          ? EXIT.nothingToDo
          : EXIT.done,
    document: { ok: !bad && !failed, results: outcomes.map(outcomeJson) },
    lines:
      outcomes.length === 0 ? ['There are no copies.'] : outcomes.flatMap((outcome) => outcomeLines(outcome, context)),
    trouble: outcomes.flatMap((outcome) => {
      if ('error' in outcome) return [`${outcome.copy.key}: ${outcome.error.message}`];
      return outcome.ok ? [] : [`${outcome.key}: ${outcome.problems.join('; ')}`];
    }),
  };
};

function outcomeLines(outcome: Outcome, { terminal }: Context): string[] {
  const { green, red } = terminal.out;
  const below = (text: string): string[] => asLines([`        ${wrap(text, 8, terminal.columns)}`]);
  if ('error' in outcome) return [`${red('FAILED')}  ${outcome.copy.key}`, ...below(outcome.error.message)];
  const { ok, key, level, durationMs, problems } = outcome;
  return [
    ...asLines([
      `${ok ? green('ok    ') : red('BAD   ')}  ${wrap(`${key}  ${level}, ${seconds(durationMs)}`, 8, terminal.columns)}`,
    ]),
    ...problems.flatMap(below),
  ];
}

function outcomeJson(outcome: Outcome): object {
  if (!('error' in outcome)) return { ...outcome, host: outcome.host ?? null, error: null };
  const { copy, error } = outcome;
  return { name: copy.name, host: copy.host ?? null, key: copy.key, ok: false, error: errorJson(error) };
}

function copyJson(copy: RemoteCopy, now: number): object {
  return {
    name: copy.name,
    host: copy.host ?? null,
    store: copy.store,
    key: copy.key,
    createdAt: copy.createdAt.toISOString(),
    ageMs: Math.max(0, now - copy.createdAt.getTime()),
    sizeBytes: copy.sizeBytes ?? null,
    storedBytes: copy.storedBytes,
    label: copy.label ?? null,
    sha256: copy.sha256 ?? null,
    shippedAt: copy.shippedAt?.toISOString() ?? null,
    compress: copy.compress ?? null,
    encrypted: copy.recipients !== undefined,
    recipients: copy.recipients ?? [],
    protected: copy.protected,
    problem: copy.problem ?? null,
  };
}

function listLines(copies: readonly RemoteCopy[], now: number, { terminal }: Context): string[] {
  const { bold, red } = terminal.out;
  const narrow = isNarrow(terminal);
  // In little room: what is the same in each row was asked for, and the name says when it was taken.
  const several = (of: (copy: RemoteCopy) => string | undefined): boolean => new Set(copies.map(of)).size > 1;
  const [hosts, stores] = [!narrow || several(({ host }) => host), !narrow || several(({ store }) => store)];
  const columns: readonly (readonly [head: string, shown: boolean, of: (copy: RemoteCopy) => string])[] = [
    ['HOST', hosts && !narrow, ({ host }) => host ?? '-'],
    ['NAME', true, ({ name }) => name],
    ['AGE', true, ({ createdAt }) => ago(now - createdAt.getTime())],
    ['TAKEN', !narrow, ({ createdAt }) => localTime(createdAt)],
    ['SIZE', true, ({ sizeBytes }) => (sizeBytes === undefined ? '?' : size(sizeBytes))],
    ['STORED', true, ({ storedBytes }) => size(storedBytes)],
    ['ENCRYPTED', !narrow, ({ recipients }) => (recipients ? 'age' : '-')],
    ['HOST', hosts && narrow, ({ host }) => host ?? '-'],
    ['STORE', stores, ({ store }) => store],
    ['NOTE', true, (copy) => noteOf(copy, narrow)],
  ];
  const shown = columns.filter(([, is]) => is);
  const rows = copies.map((copy) => shown.map(([, , of]) => of(copy)));
  return table([shown.map(([head]) => head), ...rows], {
    paint: (cell, column, row) =>
      row === 0 ? bold(cell) : column === shown.length - 1 && copies[row - 1]!.problem ? red(cell) : cell,
    columns: terminal.columns,
  });
}

function noteOf({ problem, label = '', recipients }: RemoteCopy, narrow: boolean): string {
  const note = problem ? `DOES NOT COUNT: ${problem}` : label;
  return [note, narrow && recipients ? 'encrypted' : ''].filter(Boolean).join('; ');
}

function databaseName({ flags: { database } }: Context): string | undefined {
  return database === undefined ? undefined : path.basename(database);
}
