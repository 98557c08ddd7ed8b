import path from 'node:path';
import { BackupError } from '../util/errors.js';
import type { Snapshotter } from '../child/snapshotter.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { hostOf } from './copy-name.js';
import { listCopies } from './list-copies.js';
import type { RemoteCopy } from './list-copies.js';
import { pullBackup } from './pull.js';
import type { PullOptions, PullReport } from './pull.js';
import { verifyCopy } from './verify-copy.js';
import type { CopyVerifyReport, VerifyCopyOptions } from './verify-copy.js';

/** What these calls need of a service's options. */
export interface OffsiteOptions {
  readonly database: string;
  readonly directory: string;
  readonly copies: readonly BackupStore[];
  readonly snapshotter: Snapshotter;
  readonly assertions: readonly string[];
}

/** `from`: the name of one of the stores in `copies`; needed only where there are several. */
export type OfOneStore<T> = Partial<Omit<T, 'from' | 'name' | 'snapshotter'>> & { readonly from?: string | undefined };

/** Options of `BackupService.listCopies()`. */
export interface ListServiceCopiesOptions extends StoreControl {
  readonly from?: string | undefined;
  /** Those of other machines too. */
  readonly allHosts?: boolean | undefined;
}

export async function listServiceCopies(
  service: OffsiteOptions,
  { from, allHosts = false, signal }: ListServiceCopiesOptions,
): Promise<RemoteCopy[]> {
  const { store, host, database } = chooseStore(service, from);
  return listCopies(store, { database, signal, ...(!allHosts && { host }) });
}

export async function verifyServiceCopy(
  service: OffsiteOptions,
  name: string,
  options: OfOneStore<VerifyCopyOptions>,
): Promise<CopyVerifyReport> {
  const { store, host, database } = chooseStore(service, options.from);
  const { snapshotter, assertions } = service;
  return verifyCopy({ host, database, snapshotter, assertions, ...options, from: store, name });
}

export async function pullIntoFolder(
  service: OffsiteOptions,
  name: string,
  options: Omit<OfOneStore<PullOptions>, 'to'>,
): Promise<PullReport> {
  const { store, host, database } = chooseStore(service, options.from);
  return pullBackup({ host, database, ...options, from: store, name, to: service.directory });
}

function chooseStore(
  { copies, database }: OffsiteOptions,
  name: string | undefined,
): { store: BackupStore; host: string; database: string } {
  const store = name === undefined && copies.length === 1 ? copies[0] : copies.find((each) => each.name === name);
  if (store) return { store, host: hostOf(store.settings ?? {}) ?? '', database: path.basename(database) };
  const names = copies.map((each) => JSON.stringify(each.name)).join(', ');
  throw new BackupError(
    'ERR_BACKUP_OPTIONS',
    name === undefined ? 'It is not said which store is meant.' : `There is no store ${JSON.stringify(name)}.`,
    {
      step: 'call',
      hint: names === '' ? 'Set "copies" first.' : `The stores in "copies" are ${names}; say which with "from".`,
    },
  );
}
