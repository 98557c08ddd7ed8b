import { types } from 'node:util';
import type { BackupService } from '../service/backup-service.js';
import { findService } from './find-service.js';
import type { FindService } from './find-service.js';
import { labelOf } from './label.js';
import type { LabelOf } from './label.js';
import { isThenable } from './native-promise.js';
import type { Layer } from './options.js';
import { processState } from './process-state.js';
import { cancelled, wrongAnswer } from './refusals.js';
import { adopt, runBlocking, runInTurn } from './run-call.js';
import type { Demand, Method } from './run-call.js';
import type { AnyFunction } from './types.js';

/** Decides for one call; `undefined`: run the method at once. */
type Gate = (self: unknown, args: readonly unknown[]) => readonly Demand[] | undefined;

interface GatedMethod extends Method {
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
  const label = labelOf(layers.find((layer) => layer.label !== undefined)?.label, nameFor);
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
  if (option === 'signal' ? isSignal(answer) : !isThenable(answer)) return answer;
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

// On the way of a call when nothing is due, `args` is only passed on or indexed: then V8 makes no array of them.

function promisingWrapper(method: GatedMethod): AnyFunction {
  const { original, gate, find } = method;
  // The language itself makes the promise of an async function: nothing can be added to it before it is returned.
  const isAsync = types.isAsyncFunction(original);
  const fn = withUsualCall(original);
  const decide = function (this: unknown, ...args: unknown[]): unknown {
    const demands = gate(this, args);
    if (demands !== undefined) return runInTurn(demands, method, this, args);
    const returned: unknown = Reflect.apply(original, this, args);
    return isAsync || isPlainPromise(returned) ? returned : adopt(returned, method, this, args);
  };
  const adoptResult = function (this: { self: unknown; returned: unknown }, ...args: unknown[]): unknown {
    return adopt(this.returned, method, this.self, args);
  };
  return function (this: unknown, ...args: unknown[]): unknown {
    try {
      if (find?.(this, NO_ARGS)?.knownFresh !== true) return Reflect.apply(decide, this, args);
      const returned = callDirectly(fn, this, args);
      if (isAsync || isPlainPromise(returned)) return returned;
      return Reflect.apply(adoptResult, { self: this, returned }, args);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** A function may have a `call` of its own, or come from another realm. */
function withUsualCall(fn: AnyFunction): AnyFunction {
  if (fn.call === Function.prototype.call) return fn;
  return function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(fn, this, args) as unknown;
  };
}

/** For few arguments V8's own call is quicker than Reflect.apply(). */
function callDirectly(fn: AnyFunction, self: unknown, args: unknown[]): unknown {
  switch (args.length) {
    case 0:
      return fn.call(self);
    case 1:
      return fn.call(self, args[0]);
    case 2:
      return fn.call(self, args[0], args[1]);
    default:
      return Reflect.apply(fn, self, args);
  }
}

/** The promise of the language itself: a library may have replaced the global one by its own. */
const nativePrototype = Object.getPrototypeOf((async () => {})()) as Promise<unknown>;
const NativePromise = nativePrototype.constructor;

/**
 * Is it a promise of the language with nothing added? Then it can be handed out as it is. Here, and not in another module,
 * since looking up an import costs a tenth of a call.
 */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  try {
    if (!(value instanceof NativePromise) || value.constructor !== NativePromise) return false;
    if ((value as Promise<unknown>).then !== nativePrototype.then) return false;
    // A `cancel` or the like: the caller would find it only when no backup is due.
    for (const _ in value) return false;
    return true;
  } catch {
    // A Proxy that lets nobody look at it.
    return false;
  }
}

function blockingWrapper(method: GatedMethod): AnyFunction {
  const { original, gate, find } = method;
  const decide = function (this: unknown, ...args: unknown[]): unknown {
    const demands = gate(this, args);
    if (demands === undefined) return Reflect.apply(original, this, args) as unknown;
    return runBlocking(demands, method, this, args);
  };
  return function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(find?.(this, NO_ARGS)?.knownFresh === true ? original : decide, this, args) as unknown;
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
