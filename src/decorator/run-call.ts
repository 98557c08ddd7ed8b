import type { BackupService } from '../service/backup-service.js';
import type { BackupOutcome } from '../service/method-types.js';
import { WaitingCalls } from '../service/waiting-calls.js';
import type { LabelOf } from './label.js';
import { isNativePromise } from './native-promise.js';
import { backingOff, backupFailed, cancelled, notAsync, shuttingDown } from './refusals.js';
import type { AnyFunction } from './types.js';

/** A backup that a call asks for. */
export interface Demand {
  readonly service: BackupService;
  readonly timing: 'before' | 'after';
  readonly intervalMs: number | undefined;
  readonly abort: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface Method {
  readonly original: AnyFunction;
  readonly labelOf: LabelOf;
}

/** Waits for the backups, then for the calls before, and runs the method. */
export async function runInTurn(
  demands: readonly Demand[],
  method: Method,
  self: unknown,
  args: readonly unknown[],
): Promise<unknown> {
  const label = method.labelOf(self, args);
  const before = demands.filter(({ timing }) => timing === 'before');
  const lines = [...new Set(demands.map(({ service }) => lineOf(service)))];
  let running: Promise<unknown>;
  if (before.length === 0 && !lines.some((line) => line.some)) {
    running = started(method, self, args);
  } else {
    const ensureWanted = (): void => {
      for (const { signal } of demands) if (signal?.aborted) throw cancelled(label, signal.reason);
      if (lines.some((line) => line.closed)) throw shuttingDown(label);
    };
    const turns = lines.map((line) => line.enter());
    try {
      ensureWanted();
      for (const demand of before) {
        await backUp(demand, label);
        ensureWanted();
      }
      for (const { reached } of turns) await reached;
      ensureWanted();
      running = started(method, self, args);
      for (const line of lines) line.letIn(running);
    } finally {
      for (const turn of turns) turn.leave();
    }
  }
  const after = demands.filter(({ timing }) => timing === 'after');
  if (after.length === 0) return running;
  const value = await running;
  for (const demand of after) void backUpAfter(demand, label);
  return value;
}

export function runBlocking(
  demands: readonly Demand[],
  method: Method,
  self: unknown,
  args: readonly unknown[],
): unknown {
  const label = method.labelOf(self, args);
  const after: Demand[] = [];
  for (const demand of demands) {
    if (demand.timing === 'after') after.push(demand);
    else backUpSync(demand, label);
  }
  const returned: unknown = Reflect.apply(method.original, self, args);
  const backUpAll = (): void => {
    for (const demand of after) void backUpAfter(demand, label);
  };
  if (after.length > 0 && isNativePromise(returned)) {
    return returned.then((value) => {
      backUpAll();
      return value;
    });
  }
  backUpAll();
  return returned;
}

/** @throws BackupError `ERR_BACKUP_NOT_ASYNC`; a query builder is not asked for its `then`, or it would start */
function started({ original, labelOf }: Method, self: unknown, args: readonly unknown[]): Promise<unknown> {
  const returned: unknown = Reflect.apply(original, self, args);
  if (isNativePromise(returned)) return returned;
  throw notAsync(labelOf(self, args), returned);
}

/** A promise with additions is handed out without them, as it would be if a backup were due. */
export async function adopt(
  returned: unknown,
  { labelOf }: Method,
  self: unknown,
  args: readonly unknown[],
): Promise<unknown> {
  if (isNativePromise(returned)) return returned;
  throw notAsync(labelOf(self, args), returned);
}

async function backUp({ service, intervalMs, abort, signal }: Demand, label: string): Promise<void> {
  let outcome: BackupOutcome | undefined;
  try {
    outcome = await service.backupIfDue({
      label,
      ...(intervalMs !== undefined && { interval: intervalMs }),
      ...(signal && { signal }),
    });
  } catch (error) {
    // With "continue" that is all: the service has logged and emitted it.
    if (abort && !signal?.aborted) throw backupFailed(label, error, service);
  }
  if (abort && outcome?.status === 'backing-off') throw backingOff(label, outcome);
}

function backUpSync({ service, intervalMs, abort }: Demand, label: string): void {
  let outcome: BackupOutcome | undefined;
  try {
    outcome = service.backupIfDueSync({ label, ...(intervalMs !== undefined && { interval: intervalMs }) });
  } catch (error) {
    if (abort) throw backupFailed(label, error, service);
  }
  if (abort && outcome?.status === 'backing-off') throw backingOff(label, outcome);
}

async function backUpAfter({ service, intervalMs }: Demand, label: string): Promise<void> {
  try {
    await service.backupIfDue({
      label,
      moment: 'after',
      ...(intervalMs !== undefined && { interval: intervalMs }),
    });
  } catch {
    // The service has logged and emitted what went wrong; the method's caller has its answer.
  }
}

/** For doubles, and for services of older copies of the package. */
const otherLines = new WeakMap<BackupService, WaitingCalls>();

function lineOf(service: BackupService): WaitingCalls {
  const own = (service as Partial<BackupService>).waitingCalls;
  if (own) return own;
  let line = otherLines.get(service);
  if (!line) otherLines.set(service, (line = new WaitingCalls()));
  return line;
}
