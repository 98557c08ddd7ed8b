import type { Backup } from '../catalog/backup.js';
import { rulesOf } from '../retention/keep.js';
import type { KeepRules } from '../retention/keep.js';
import type { KeptBackup, RetentionPolicy } from '../retention/policy.js';
import { messageOf } from '../util/errors.js';
import type { FileWork } from '../util/file-work.js';
import { policyInForce, retentionPlan } from './prune.js';
import type { PrunedFolder } from './prune.js';
import type { ServiceContext } from './service-context.js';

/** What retention makes of the backups that are there: why each stays, and which go when the next one is made. */
export interface Outlook {
  /** Newest first, each with at least one reason. */
  readonly kept: readonly KeptBackup[];
  /** Those that the cleaning up after the next backup removes, as far as it can be known now; newest first. */
  readonly goNext: readonly Backup[];
  /** Why that is not known: the policy failed. Then nothing is removed either. */
  readonly error?: string;
}

/** The rules that a service goes by, and what they mean for its backups: {@link BackupService.rules}. */
export interface ServiceRules extends Outlook {
  readonly enabled: boolean;
  readonly intervalMs: number;
  /** The rules of `keep()`; `'code'`: a function of the app's own; `undefined`: they are not known, so nothing is removed. */
  readonly retention: KeepRules | 'code' | undefined;
  readonly verifyEveryMs: number | undefined;
  readonly onFailure: 'continue' | 'abort';
  /** The names of the stores that each backup is copied to. */
  readonly stores: readonly string[];
  /** The labels of protected methods that have asked for a backup: in this process, or as the record of activity has them. */
  readonly methods: readonly string[];
}

/** How much of the record of activity is looked at for the names of methods. */
const ACTIVITIES = 1_000;

/** @throws BackupError where the backup folder cannot be read */
export async function readRules(context: ServiceContext): Promise<ServiceRules> {
  const { options, gate, activity, due, known } = context;
  const backups = await known.list();
  const policy = await gate.run(policyInForce(options, backups));
  const rules = rulesOf(policy);
  const { enabled, intervalMs, verifyEveryMs, onFailure, copies, retention } = options;
  // A record that can't be read takes no rule away.
  const recorded = await activity.read({ limit: ACTIVITIES }).catch(() => []);
  const asked = recorded.flatMap(({ action, of, by, label }) =>
    by.via === 'app' && label !== undefined && (action === 'created' || of === 'backup') ? [label] : [],
  );
  return {
    ...(await gate.run(outlook(options, backups, policy))),
    ...{ enabled, intervalMs, verifyEveryMs, onFailure },
    retention: rules ?? (policy === retention ? 'code' : undefined),
    stores: copies.map(({ name }) => name),
    methods: [...new Set([...due.labels, ...asked])].toSorted(),
  };
}

/**
 * Says what the policy makes of these backups. Nothing is removed.
 *
 * @param inForce the policy, where the caller has looked which one it is
 */
export function* outlook(
  folder: PrunedFolder,
  backups: readonly Backup[],
  inForce?: RetentionPolicy,
): FileWork<Outlook> {
  const now = new Date();
  try {
    const policy = inForce ?? (yield* policyInForce(folder, backups));
    const { keep } = yield* retentionPlan(folder, policy, backups, now);
    return { kept: keep, goNext: yield* removedNext(folder, policy, backups, now) };
  } catch (error) {
    return { kept: [], goNext: [], error: messageOf(error) };
  }
}

/** {@link Outlook.goNext} alone, which takes half the time; empty where it can't be known. */
export function* goNext(folder: PrunedFolder, backups: readonly Backup[]): FileWork<readonly Backup[]> {
  try {
    return yield* removedNext(folder, yield* policyInForce(folder, backups), backups, new Date());
  } catch {
    return [];
  }
}

const MINUTE_MS = 60_000;

/** What each list's next backup removes, as it was worked out last. */
const workedOut = new WeakMap<
  readonly Backup[],
  { policy: RetentionPolicy; minute: number; remove: readonly Backup[] }
>();

/**
 * Rules of `keep()` are worked out once a minute for the same list, whatever the number of pages: a day that begins changes what
 * they say. A policy that is code may go by anything, and a store by what has been shipped: those are asked each time.
 */
function* removedNext(
  folder: PrunedFolder,
  policy: RetentionPolicy,
  backups: readonly Backup[],
  now: Date,
): FileWork<readonly Backup[]> {
  const isLasting = rulesOf(policy) !== undefined && !folder.copies?.length;
  const minute = Math.floor(now.getTime() / MINUTE_MS);
  const before = isLasting ? workedOut.get(backups) : undefined;
  if (before?.policy === policy && before.minute === minute) return before.remove;
  const next = nextBackup(backups, now);
  const { remove } = yield* retentionPlan(folder, policy, [next, ...backups], now, next.name);
  if (isLasting) workedOut.set(backups, { policy, minute, remove });
  return remove;
}

/** The backup that would be made now, so that it pushes out what it will. Its contents are new. */
function nextBackup([newest]: readonly Backup[], now: Date): Backup {
  return { name: '', path: '', createdAt: now, sizeBytes: newest?.sizeBytes ?? 0, protected: false, verified: 'quick' };
}
