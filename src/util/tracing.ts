import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import type { TracingChannel } from 'node:diagnostics_channel';
import { callSafely } from './call-safely.js';
import type { SnapshotControl } from './control.js';
import type { BackupStep } from './errors.js';

/** What can be followed: `tracingChannel('sqlite-autobackup:backup')` and so on (https://nodejs.org/api/diagnostics_channel.html). */
export type TracedOperation = (typeof TRACED_OPERATIONS)[number];

export const TRACED_OPERATIONS = ['backup', 'wait', 'restore', 'ship', 'verify', 'recover'] as const;

/** What the subscribers of a channel receive: the same object at the start, at each step, and at the end. */
export interface OperationTrace {
  readonly operation: TracedOperation;
  /** Absolute path of the live database. */
  readonly database: string;
  /** What a backup is taken for. */
  readonly label?: string | undefined;
  /** The backup that is restored, verified, shipped or recovered from. */
  readonly backup?: string | undefined;
  /** The store that is shipped to. */
  readonly store?: string | undefined;
  /** What is waited for: the backup that was begun for another call. */
  readonly awaited?: OperationTrace | undefined;
  /** What it resolves with, once it has. */
  result?: unknown;
  /** What it rejects with. */
  error?: unknown;
}

/** What the channel `sqlite-autobackup:step` tells: an operation begins a step. */
export interface StepTrace {
  readonly trace: OperationTrace;
  readonly step: BackupStep;
}

const channels = new Map<TracedOperation, TracingChannel<unknown, OperationTrace>>();
const steps = diagnostics.channel('sqlite-autobackup:step');

function channelOf(operation: TracedOperation): TracingChannel<unknown, OperationTrace> {
  let channel = channels.get(operation);
  if (!channel) channels.set(operation, (channel = diagnostics.tracingChannel(`sqlite-autobackup:${operation}`)));
  return channel;
}

/** Node 20 has no `hasSubscribers` of the whole. */
function isFollowed({ start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, OperationTrace>): boolean {
  return [start, end, asyncStart, asyncEnd, error].some(({ hasSubscribers }) => hasSubscribers);
}

/** Calls a function in the asynchronous context of somebody else. */
export type InContext = <T>(call: () => T) => T;

/** The context of a caller, for the traces of what is done for several: `undefined` while nobody follows. */
export function callerContext(operation: TracedOperation): InContext | undefined {
  return isFollowed(channelOf(operation)) ? AsyncLocalStorage.snapshot() : undefined;
}

/**
 * Runs work and publishes its begin, its steps and its end. Costs five looks at a flag while nobody follows.
 *
 * @param work receives the control with which the steps are followed
 * @param caller where the begin is published, so that a span hangs below the caller's; the work runs where this is called
 */
export function traced<T>(
  trace: OperationTrace,
  control: SnapshotControl,
  work: (control: SnapshotControl) => Promise<T>,
  caller: InContext = (call) => call(),
): Promise<T> {
  const channel = channelOf(trace.operation);
  if (!isFollowed(channel)) return work(control);
  const here = AsyncLocalStorage.snapshot();
  let last: BackupStep | undefined;
  const onProgress: SnapshotControl['onProgress'] = (progress) => {
    const { step } = progress;
    if (step !== last) steps.publish({ trace, step: (last = step) } satisfies StepTrace);
    callSafely(() => control.onProgress?.(progress));
  };
  return caller(() => channel.tracePromise(() => here(() => work({ ...control, onProgress })), trace));
}

/** The same for work that blocks; it has no steps. */
export function tracedSync<T>(trace: OperationTrace, work: () => T): T {
  const channel = channelOf(trace.operation);
  return isFollowed(channel) ? channel.traceSync(work, trace) : work();
}
