import os from 'node:os';
import { isKey } from '../stores/backup-store.js';
import type { CopySettings } from '../stores/backup-store.js';

/** Where the copy of a backup stands in a store: `shop-1/app_backup_20261124_093000.db.gz.age`, its manifest beside it. */
export function copyKey(host: string | undefined, name: string, settings: CopySettings): string {
  const compressed = settings.compress === 'gzip' ? '.gz' : settings.compress === 'zstd' ? '.zst' : '';
  return `${folderOf(host)}${name}${compressed}${settings.encrypt ? '.age' : ''}`;
}

/** `shop-1/app_backup_20261124_093000.json`: the manifest of the copy, whatever its encoding. */
export function copyManifestKey(host: string | undefined, name: string): string {
  const { stem } = splitName(name)!;
  return `${folderOf(host)}${stem}.json`;
}

/** The beginning that the keys of a backup's copy and of its manifest share. */
export function copyStem(host: string | undefined, name: string): string {
  return folderOf(host) + splitName(name)!.stem;
}

/** The beginning that the keys of all copies of one database share. */
export function keyPrefix(host: string | undefined, prefix: string): string {
  return folderOf(host) + prefix;
}

/** The first part of this machine's keys, or `undefined` for none. */
export function hostOf({ host }: CopySettings): string | undefined {
  if (host === false) return undefined;
  return host ?? (os.hostname().replace(/[^\w.-]+/g, '-') || 'unnamed');
}

export interface ParsedKey {
  readonly host: string | undefined;
  /** `app_backup_20261124_093000` */
  readonly stem: string;
  /** `app_backup_` */
  readonly prefix: string;
  readonly kind: 'manifest' | 'object';
  /** Of the backup, where `kind` is `'object'`. */
  readonly name: string;
  readonly compress: 'gzip' | 'zstd' | undefined;
  readonly encrypted: boolean;
}

/** Takes a key apart. `undefined`: it is not one of ours, and other files in a store are left alone. */
export function parseKey(key: string): ParsedKey | undefined {
  const parts = key.split('/');
  if (parts.length > 2 || !isKey(key)) return undefined;
  const file = parts.at(-1)!;
  const host = parts.length === 2 ? parts[0] : undefined;
  const withoutAge = cutEnd(file, '.age');
  const withoutGz = cutEnd(withoutAge, '.gz');
  const name = withoutGz === withoutAge ? cutEnd(withoutAge, '.zst') : withoutGz;
  const split = splitName(name);
  if (!split) return undefined;
  const { stem, prefix, extension } = split;
  const compress = withoutGz !== withoutAge ? 'gzip' : name !== withoutAge ? 'zstd' : undefined;
  const encrypted = withoutAge !== file;
  // A database may not have the extension .json, so that is the manifest's.
  if (extension === '.json') {
    return name === file ? { host, stem, prefix, kind: 'manifest', name, compress, encrypted } : undefined;
  }
  return { host, stem, prefix, kind: 'object', name, compress, encrypted };
}

/** Names of any database's backups: in a store there are those of others too. */
function splitName(name: string): { stem: string; prefix: string; extension: string } | undefined {
  const match = /^((.+_backup_)\d{8}_\d{6})(\.[^.]+)?$/s.exec(name);
  return match ? { stem: match[1]!, prefix: match[2]!, extension: match[3] ?? '' } : undefined;
}

function folderOf(host: string | undefined): string {
  return host === undefined ? '' : `${host}/`;
}

function cutEnd(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}
