import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import path from 'node:path';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Span, Tracer } from '@opentelemetry/api';
import { isBackupError, messageOf } from '../util/errors.js';
import { withoutSecrets } from '../util/show.js';
import { TRACED_OPERATIONS } from '../util/tracing.js';
import type { OperationTrace, StepTrace } from '../util/tracing.js';

/** The span of an operation, and that of the step it is in. */
interface Spans {
  readonly span: Span;
  step?: Span;
}

/**
 * Makes spans of what the tracing channels tell: one for each operation, below the span of the call that waits for it, and below
 * that one for each step; and one for each further call that waits for a backup, with a link to it. Their attributes are those of the semantic conventions for databases
 * (https://opentelemetry.io/docs/specs/semconv/database/database-spans/) and errors (…/registry/attributes/error/).
 *
 * @returns what ends it
 */
export function followSpans(tracer: Tracer): () => void {
  const open = new WeakMap<OperationTrace, Spans>();
  const begin = (message: OperationTrace): void => {
    const { operation, database, awaited } = message;
    const name = operation === 'wait' ? 'wait for backup' : operation;
    const backup = awaited && open.get(awaited);
    const span = tracer.startSpan(`${name} ${path.basename(database)}`, {
      attributes: attributesOf(message),
      ...(backup && { links: [{ context: backup.span.spanContext() }] }),
    });
    open.set(message, { span });
  };
  const step = (message: unknown): void => {
    const { trace: of, step: name } = message as StepTrace;
    const spans = open.get(of);
    if (!spans) return;
    spans.step?.end();
    const parent = trace.setSpan(context.active(), spans.span);
    spans.step = tracer.startSpan(`${of.operation} ${name}`, {}, parent);
  };
  const end = (message: OperationTrace): void => {
    const spans = open.get(message);
    open.delete(message);
    if (!spans) return;
    if ('error' in message) fail(spans, message.error);
    const { status, backup } = (message.result ?? {}) as { status?: unknown; backup?: { name?: unknown } };
    if (typeof status === 'string') spans.span.setAttribute('sqlite_autobackup.outcome', status);
    if (typeof backup?.name === 'string') spans.span.setAttribute('sqlite_autobackup.backup', backup.name);
    spans.step?.end();
    spans.span.end();
  };
  const followers = {
    start: begin,
    // Only a blocking call has its result here; the promise of an asynchronous one is not settled yet.
    end: (message: OperationTrace) => ('result' in message || 'error' in message) && end(message),
    asyncStart: () => {},
    asyncEnd: end,
    error: () => {},
  };
  const channels = TRACED_OPERATIONS.map((name) =>
    tracingChannel<unknown, OperationTrace>(`sqlite-autobackup:${name}`),
  );
  for (const each of channels) each.subscribe(followers);
  subscribe('sqlite-autobackup:step', step);
  return () => {
    for (const each of channels) each.unsubscribe(followers);
    unsubscribe('sqlite-autobackup:step', step);
  };
}

function attributesOf({ operation, database, label, backup, store }: OperationTrace): Attributes {
  return {
    'db.system.name': 'sqlite',
    'db.namespace': path.basename(database),
    'db.operation.name': operation,
    ...(label !== undefined && { 'sqlite_autobackup.label': label }),
    ...(backup !== undefined && { 'sqlite_autobackup.backup': backup }),
    ...(store !== undefined && { 'sqlite_autobackup.store': withoutSecrets(store) }),
  };
}

function fail({ span, step }: Spans, error: unknown): void {
  const message = withoutSecrets(messageOf(error));
  for (const each of [span, step]) {
    each?.setAttribute('error.type', isBackupError(error) ? error.code : '_OTHER');
    each?.setStatus({ code: SpanStatusCode.ERROR, message });
  }
}
