import fs from 'node:fs';
import type { BackupStore, CopySettings } from '../index.js';
import { directoryStore } from '../stores/directory-store.js';
import { s3Store } from '../s3.js';
import { show } from '../util/show.js';
import type { Context } from './context.js';
import { openService } from './open-service.js';
import { usageError } from './usage-error.js';

/** Options of the commands that work with a store of copies. */
export interface StoreFlags {
  readonly from?: string;
  readonly host?: string;
  readonly before?: string;
  readonly identity?: string;
}

/**
 * The store that `--from` means: one of the configuration by its name, a bucket (`s3://bucket/prefix`), or a folder. On a
 * machine without a configuration the latter two are all that is needed.
 */
export async function openStore(context: Context, from: string | undefined): Promise<BackupStore> {
  const { database, config } = context.flags;
  const configured = await storesOf(context).catch((error: unknown) => {
    // A missing configuration matters only if the user asked for one.
    if (from === undefined || config !== undefined || database !== undefined) throw error;
    return [];
  });
  if (from === undefined) return only(configured);
  return configured.find(({ name }) => name === from) ?? storeAt(from);
}

/** The stores of the configuration; `--from` picks one of them, or one that is not among them. */
export async function openStores(context: Context, from: string | undefined): Promise<readonly BackupStore[]> {
  if (from !== undefined) return [await openStore(context, from)];
  const configured = await storesOf(context);
  if (configured.length === 0) only(configured);
  return configured;
}

/** The store at an address. Buckets take `?endpoint=https://…&region=…` for servers that are not Amazon's. */
export function storeAt(from: string, settings: CopySettings = {}): BackupStore {
  if (!from.startsWith('s3://')) {
    if (fs.statSync(from, { throwIfNoEntry: false })?.isDirectory()) return directoryStore(from, settings);
    throw usageError(
      `--from ${show(from)} is neither a store of the configuration nor a folder.`,
      'Use the name of a store that "status" shows, the path of a folder, or s3://bucket/prefix.',
    );
  }
  const url = URL.canParse(from) ? new URL(from) : undefined;
  // Not repeated: what stands there is a secret.
  if (/@/.test(from.slice('s3://'.length).split('/')[0]!) || (url && (url.username !== '' || url.password !== ''))) {
    throw usageError(
      'The address of a bucket in --from holds credentials.',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead: an address is seen by others, in the list of processes too.',
    );
  }
  const unknown = [...(url?.searchParams.keys() ?? [])].find((key) => key !== 'endpoint' && key !== 'region');
  if (!url || url.hostname === '' || unknown !== undefined) {
    throw usageError(
      `--from ${show(from)} is not the address of a bucket.`,
      'It looks like s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-1; the last two may be missing.',
    );
  }
  const endpoint =
    url.searchParams.get('endpoint') ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  const region = url.searchParams.get('region');
  const path = decoded(url.pathname);
  if (path === undefined || url.hash !== '') {
    throw usageError(`--from ${show(from)} is not the address of a bucket.`, 'Write "%" as %25 and "#" as %23 in it.');
  }
  return s3Store({
    bucket: url.hostname,
    prefix: path.replace(/^\/+|\/+$/g, ''),
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== null && { region }),
    ...settings,
  });
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The identities in the file that `--identity` names, as age-keygen writes it. */
export function readIdentities(file: string | undefined): string[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    throw usageError(`The identity file "${file}" could not be read.`, 'Correct --identity.', cause);
  }
  const identities = text.match(/^AGE-SECRET-KEY-1\w+$/gm);
  if (identities) return identities;
  throw usageError(
    `"${file}" holds no age identity.`,
    'A line of it must begin with AGE-SECRET-KEY-1, as age-keygen writes it.',
  );
}

/** `--before`: a day, or a day and a time, local unless a zone is given. JavaScript would read anything else as some date. */
export function readMoment(text: string | undefined, option = '--before'): Date | undefined {
  if (text === undefined) return undefined;
  const [, day = '', time = 'T00:00', zone = ''] = MOMENT.exec(text.trim()) ?? [];
  // A day alone is local, as the names of backups are; JavaScript would take it for UTC.
  const date = new Date(`${day}${time.toUpperCase().replace(' ', 'T')}${zone.toUpperCase()}`);
  if (isDay(day) && !Number.isNaN(date.getTime())) return date;
  throw usageError(
    `${option} ${show(text)} is not a date.`,
    'Use 2026-11-20 or 2026-11-20T12:00, in local time, or 2026-11-20T12:00Z.',
  );
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:([T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i;

/** JavaScript would read 31 November as 1 December. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

async function storesOf(context: Context): Promise<readonly BackupStore[]> {
  const { service } = await openService(context, { silent: true });
  return service.copies;
}

function only(stores: readonly BackupStore[]): BackupStore {
  if (stores.length === 1) return stores[0]!;
  throw usageError(
    stores.length === 0 ? 'Which store?' : 'The configuration has several stores.',
    stores.length === 0
      ? 'Set "copies" in the configuration, or name one: --from s3://bucket/prefix, or --from /mnt/nas/backups.'
      : `Say which one with --from: ${stores.map(({ name }) => JSON.stringify(name)).join(', ')}.`,
  );
}
