import { types } from 'node:util';
import type { BackupService } from '../service/backup-service.js';
import type { BackupOutcome } from '../service/method-types.js';
import { WaitingCalls } from '../service/waiting-calls.js';
import { findService } from './find-service.js';
import type { FindService } from './find-service.js';
import { labelOf } from './label.js';
import type { LabelOf } from './label.js';
import { isNativePromise, isPlainPromise } from './native-promise.js';
import type { Layer } from './options.js';
import { processState } from './process-state.js';
import { backingOff, backupFailed, cancelled, notAsync, shuttingDown, wrongAnswer } from './refusals.js';
import type { AnyFunction } from './types.js';

/** A backup that a call asks for. */
interface Demand {
  readonly service: BackupService;
  readonly timing: 'before' | 'after';
  readonly intervalMs: number | undefined;
  readonly abort: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Decides for one call; `undefined`: run the method at once. */
type Gate = (self: unknown, args: readonly unknown[]) => readonly Demand[] | undefined;

interface Method {
  readonly original: AnyFunction;
  readonly labelOf: LabelOf;
  readonly gate: Gate;
  /** Where the service's flag alone decides. */
  readonly find: FindService | undefined;
}

const NO_ARGS: readonly unknown[] = [];

/**
 * Makes the function that protects `original` as all the layers ask, the outermost first. It does the same in every state:
 * what it returns, the order in which calls start, and how it fails do not depend on whether a backup is due.
 *
 * - A method that returns a promise: the wrapper always returns a promise, and never throws.
 * - `blocking`: the method runs before the call returns. Its wrapper throws, or, around an async function, rejects.
 */
export function protect(
  original: AnyFunction,
  layers: readonly [Layer, ...Layer[]],
  nameFor: (self: unknown) => string,
): AnyFunction {
  const [outermost] = layers;
  const label = labelOf(outermost.label, nameFor);
  const gates = layers.map((layer) => gateOf(layer, label));
  const method = {
    original,
    labelOf: label,
    gate: gates.length === 1 ? gates[0]! : all(gates),
    find: layers.length === 1 && isPlain(outermost) ? plainFind(outermost, nameFor) : undefined,
  };
  if (!layers.some(({ blocking }) => blocking)) return promisingWrapper(method);
  const isAsync = Object.prototype.toString.call(original) === '[object AsyncFunction]';
  return isAsync ? rejecting(blockingWrapper(method)) : blockingWrapper(method);
}

/** It has no arguments for a label that is a function. */
function plainFind({ service, injected, label }: Layer, nameFor: (self: unknown) => string): FindService {
  return findService(service, injected, labelOf(typeof label === 'function' ? undefined : label, nameFor));
}

/** Does one flag of the service decide? Then the arguments need not be looked at, which costs more than all the rest. */
function isPlain({ service, when, signal, intervalMs }: Layer): boolean {
  return typeof service !== 'function' && !when && !signal && intervalMs === undefined;
}

// When nothing is due, a call reads one flag: no promise, no clock, no system call. Each wrapper is a `function` that passes on
// `this`.

function gateOf({ when, signal, service, injected, timing, intervalMs, onFailure }: Layer, labelOf: LabelOf): Gate {
  const find = findService(service, injected, labelOf);
  const demandOf = (found: BackupService, given?: AbortSignal): readonly Demand[] => {
    const abort = (onFailure ?? found.onFailure) === 'abort';
    return [{ service: found, timing, intervalMs, abort, signal: given }];
  };
  return (self, args) => {
    if (processState.withoutBackups) return undefined;
    if (when && !answerOf(when(self, ...args), 'when', self, args, labelOf)) return undefined;
    const found = find(self, args);
    if (!found) return undefined;
    const given = signal && answerOf(signal(self, ...args), 'signal', self, args, labelOf);
    if (given?.aborted) throw cancelled(labelOf(self, args), given.reason);
    const fresh =
      intervalMs === undefined
        ? found.knownFresh
        : (found as Partial<BackupService>).isKnownFresh?.({ interval: intervalMs });
    return fresh === true ? undefined : demandOf(found, given ?? undefined);
  };
}

/** @throws BackupError `ERR_BACKUP_OPTIONS` for an answer that can't be meant: a promise is always true */
function answerOf<T>(
  answer: T,
  option: 'when' | 'signal',
  self: unknown,
  args: readonly unknown[],
  labelOf: LabelOf,
): T {
  if (option === 'signal' ? isSignal(answer) : !isNativePromise(answer)) return answer;
  throw wrongAnswer(labelOf(self, args), option, answer);
}

/** By its shape: a polyfill's is one too. */
function isSignal(value: unknown): boolean {
  return value === undefined || value === null || typeof (value as Partial<AbortSignal>).aborted === 'boolean';
}

/** Combines the gates of several decorators on one method. Equal demands are made once, the strictest first. */
function all(gates: readonly Gate[]): Gate {
  return (self, args) => {
    const demands = gates.flatMap((gate) => gate(self, args) ?? []);
    if (demands.length === 0) return undefined;
    const merged: Demand[] = [];
    for (const demand of demands) {
      const at = merged.findIndex((other) => sameBackup(demand, other));
      if (at < 0) merged.push(demand);
      else
        merged[at] = {
          ...merged[at]!,
          abort: merged[at]!.abort || demand.abort,
          signal: eitherOf(merged[at]!, demand),
        };
    }
    return merged.sort((a, b) => (a.intervalMs ?? Infinity) - (b.intervalMs ?? Infinity) || 0);
  };
}

function sameBackup(a: Demand, b: Demand): boolean {
  return a.service === b.service && a.timing === b.timing && a.intervalMs === b.intervalMs;
}

function eitherOf({ signal: a }: Demand, { signal: b }: Demand): AbortSignal | undefined {
  return a && b && a !== b ? AbortSignal.any([a, b]) : (a ?? b);
}

function promisingWrapper(method: Method): AnyFunction {
  const { original, gate, find } = method;
  // The language itself makes the promise of an async function: nothing can be added to it before it is returned.
  const isAsync = types.isAsyncFunction(original);
  return function (this: unknown, ...args: unknown[]): unknown {
    try {
      const demands = find?.(this, NO_ARGS)?.knownFresh === true ? undefined : gate(this, args);
      if (demands !== undefined) return runInTurn(demands, method, this, args);
      const returned: unknown = Reflect.apply(original, this, args);
      return isAsync || isPlainPromise(returned) ? returned : adopt(returned, method, this, args);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function blockingWrapper(method: Method): AnyFunction {
  const { original, gate, find } = method;
  return function (this: unknown, ...args: unknown[]): unknown {
    const demands = find?.(this, NO_ARGS)?.knownFresh === true ? undefined : gate(this, args);
    if (demands === undefined) return Reflect.apply(original, this, args) as unknown;
    return runBlocking(demands, method, this, args);
  };
}

function rejecting(wrapper: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    try {
      return Reflect.apply(wrapper, this, args) as unknown;
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** Waits for the backups, then for the calls before, and runs the method. */
async function runInTurn(
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

function runBlocking(demands: readonly Demand[], method: Method, self: unknown, args: readonly unknown[]): unknown {
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
async function adopt(
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
