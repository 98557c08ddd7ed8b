import { preferTaken } from '../catalog/imported.js';
import { BackupError } from '../util/errors.js';
import type { CopyManifest } from './copy-manifest.js';
import { parseKey } from './copy-name.js';
import type { CopyProblem, RemoteCopy } from './list-copies.js';

export interface CopySelector {
  readonly name?: string | undefined;
  readonly before?: Date | undefined;
  readonly host?: string | undefined;
  readonly database?: string | undefined;
}

/**
 * The copy that is meant, among all of a store (newest first). It never guesses between machines or databases. Pure.
 *
 * @throws BackupError `ERR_BACKUP_COPY_NOT_FOUND`, `ERR_BACKUP_COPY_DAMAGED`, `ERR_BACKUP_OPTIONS`
 */
export function chooseCopy(
  copies: readonly RemoteCopy[],
  { name = 'latest', before, host, database }: CopySelector,
  store: string,
): RemoteCopy & { readonly manifest: CopyManifest } {
  if (before && Number.isNaN(before.getTime())) {
    throw new BackupError('ERR_BACKUP_OPTIONS', '"before" is not a date.', {
      step: 'pull',
      hint: 'Use a text such as "2026-11-20" or "2026-11-20T12:00:00".',
    });
  }
  const named = name === 'latest' ? copies : copies.filter((copy) => copy.name === name);
  const all = named.filter(isWhole);
  const whole = all.filter(({ createdAt }) => !before || createdAt < before);
  // Also where only one of them has a copy that old: it need not be the one that is meant.
  const hosts = distinct(all.map((copy) => copy.host ?? ''));
  if (host === undefined && hosts.length > 1) throw ambiguous('hosts', hosts, 'host', store);
  const databases = distinct(all.map((copy) => databaseOf(copy)));
  if (database === undefined && name === 'latest' && databases.length > 1) {
    throw ambiguous('databases', databases, 'database', store);
  }
  const chosen = preferTaken(whole);
  if (chosen) return chosen;

  const broken = named.find(({ problem }) => problem);
  if (broken && name !== 'latest') {
    throw new BackupError(
      'ERR_BACKUP_COPY_DAMAGED',
      `"${broken.key}" in "${store}" does not count as a copy: ${broken.problem}.`,
      {
        step: 'pull',
        hint:
          broken.problem === 'not encrypted'
            ? 'Pull another one; or, if you trust it, use a store without "encrypt".'
            : 'Its shipping broke off, or it was changed since. Pull another one.',
      },
    );
  }
  const what = name === 'latest' ? 'copy' : `copy of "${name}"`;
  const limits = [
    ...(host !== undefined ? [`of the host "${host}"`] : []),
    ...(database !== undefined ? [`of the database "${database}"`] : []),
    ...(before ? [`from before ${before.toISOString()}`] : []),
  ].join(' ');
  throw new BackupError('ERR_BACKUP_COPY_NOT_FOUND', `"${store}" has no ${what}${limits && ` ${limits}`}.`, {
    step: 'pull',
    hint:
      copies.length > 0
        ? `It has ${copies.length}, the oldest from ${copies.at(-1)!.createdAt.toISOString()}.`
        : 'List the store without a host or database to see what it has.',
  });
}

/** The copies that were passed over for `chosen`: newer ones that do not count. Pure. */
export function ignoredFor(
  copies: readonly RemoteCopy[],
  { name = 'latest', before }: CopySelector,
  chosen: RemoteCopy,
): IgnoredCopy[] {
  if (name !== 'latest') return [];
  return copies
    .filter(
      ({ createdAt, host }) => createdAt > chosen.createdAt && host === chosen.host && !(before && createdAt >= before),
    )
    .flatMap(({ key, problem }) => (problem ? [{ key, problem }] : []));
}

/** A newer copy that was passed over. */
export interface IgnoredCopy {
  readonly key: string;
  readonly problem: CopyProblem;
}

function isWhole(copy: RemoteCopy): copy is RemoteCopy & { readonly manifest: CopyManifest } {
  return copy.problem === undefined && copy.manifest !== undefined;
}

function databaseOf({ key, name }: RemoteCopy): string {
  const { prefix, stem } = parseKey(key)!;
  return prefix.slice(0, -'_backup_'.length) + name.slice(stem.length);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function ambiguous(what: string, values: readonly string[], option: string, store: string): BackupError {
  const list = values.map((value) => JSON.stringify(value)).join(', ');
  return new BackupError('ERR_BACKUP_OPTIONS', `"${store}" has copies of several ${what}: ${list}.`, {
    step: 'pull',
    hint: `Say which one with "${option}".`,
  });
}
