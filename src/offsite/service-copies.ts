import path from 'node:path';
import type { BackupFolder } from '../catalog/list-backups.js';
import { BackupError } from '../util/errors.js';
import type { Snapshotter } from '../child/snapshotter.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { listCopies } from './list-copies.js';
import type { RemoteCopy } from './list-copies.js';
import { pullBackup } from './pull.js';
import type { PullOptions, PullReport } from './pull.js';
import { runAsync } from '../util/file-work.js';
import { show } from '../util/show.js';
import { recordView, shipTarget } from './ship-target.js';
import type { ShipTarget } from './ship-target.js';
import { verifyCopy } from './verify-copy.js';
import type { CopyVerifyReport, VerifyCopyOptions } from './verify-copy.js';

/** The options of a service that these calls need. */
export interface OffsiteOptions extends BackupFolder {
  readonly database: string;
  readonly copies: readonly BackupStore[];
  readonly snapshotter: Snapshotter;
  readonly assertions: readonly string[];
}

/** `from`: the name of one of the stores in `copies`; needed only where there are several. */
export type OfOneStore<T> = Partial<Omit<T, 'from' | 'name' | 'snapshotter'>> & { readonly from?: string | undefined };

/** Options of `BackupService.listCopies()`. */
export interface ListServiceCopiesOptions extends StoreControl {
  readonly from?: string | undefined;
  /** Includes the copies of other machines. */
  readonly allHosts?: boolean | undefined;
}

export async function listServiceCopies(
  service: OffsiteOptions,
  { from, allHosts = false, signal }: ListServiceCopiesOptions,
): Promise<RemoteCopy[]> {
  const { store, host, database, judge } = chooseStore(service, from);
  return judge(await listCopies(store, { database, signal, ...(!allHosts && { host }) }));
}

export async function verifyServiceCopy(
  service: OffsiteOptions,
  name: string,
  options: OfOneStore<VerifyCopyOptions>,
): Promise<CopyVerifyReport> {
  const { store, host, database, judge } = chooseStore(service, options.from);
  const { snapshotter, assertions } = service;
  return verifyCopy(
    { host, database, snapshotter, assertions, ...options, from: store, name },
    judge,
    service.directory,
  );
}

export async function pullIntoFolder(
  service: OffsiteOptions,
  name: string,
  options: Omit<OfOneStore<PullOptions>, 'to'>,
): Promise<PullReport> {
  const { store, host, database, judge } = chooseStore(service, options.from);
  return pullBackup({ host, database, ...options, from: store, name, to: service.directory }, judge);
}

interface ChosenStore {
  readonly store: BackupStore;
  readonly host: string;
  readonly database: string;
  /** Marks the copies that this machine's own record contradicts. */
  readonly judge: (copies: readonly RemoteCopy[]) => Promise<RemoteCopy[]>;
}

function chooseStore(service: OffsiteOptions, name: unknown): ChosenStore {
  const { copies, database } = service;
  const store = name === undefined && copies.length === 1 ? copies[0] : copies.find((each) => each.name === name);
  if (store) {
    const target = shipTarget(service, store);
    const judge = (found: readonly RemoteCopy[]): Promise<RemoteCopy[]> => againstRecord(found, target);
    return { store, host: target.host ?? '', database: path.basename(database), judge };
  }
  const names = copies.map((each) => JSON.stringify(each.name)).join(', ');
  const what =
    name === undefined
      ? 'It is not said which store is meant.'
      : typeof name === 'string'
        ? `There is no store ${show(name)}.`
        : `"from" is of the type ${typeof name}, and must be the name of a store.`;
  throw new BackupError('ERR_BACKUP_OPTIONS', what, {
    step: 'call',
    hint: names === '' ? 'Set "copies" first.' : `The stores in "copies" are ${names}; say which with "from".`,
  });
}

/**
 * Whoever can write into a store can put an older copy under a newer name, or one of their own: encryption to a public key
 * says nothing about who did it. What this machine has shipped, it knows.
 */
async function againstRecord(found: readonly RemoteCopy[], target: ShipTarget): Promise<RemoteCopy[]> {
  const { shipped } = await runAsync(recordView(target));
  return found.map((copy) => {
    const known = copy.host === target.host ? shipped[copy.name] : undefined;
    if (copy.problem || !known || known.removedAt !== undefined) return copy;
    if (known.key === copy.key && known.sha256 === copy.manifest?.copy.sha256) return copy;
    return { ...copy, problem: 'not the copy that was shipped' };
  });
}
