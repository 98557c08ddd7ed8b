import type { Backup } from '../catalog/backup.js';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import type { BackupErrorCode, BackupStep } from '../util/errors.js';
import type { ProbeReport, ProbeRequest } from './probe.js';
import type {
  DatabaseFacts,
  InspectRequest,
  ProtectRequest,
  RestoreReport,
  RestoreRequest,
  SnapshotRequest,
  VerifyReport,
  VerifyRequest,
} from './snapshotter.js';

/** One JSON object on the child's standard input, then its end. */
export type ChildRequest =
  | ({ readonly kind: 'create' } & SnapshotRequest)
  | ({ readonly kind: 'verify' } & VerifyRequest)
  | ({ readonly kind: 'inspect' } & InspectRequest)
  | ({ readonly kind: 'probe' } & ProbeRequest)
  | ({ readonly kind: 'restore' } & RestoreRequest)
  | ({ readonly kind: 'protect' } & ProtectRequest);

/** One JSON object a line on the child's standard output. `result` or `error` is the last. */
export type ChildMessage =
  | { readonly type: 'step'; readonly step: BackupStep }
  | { readonly type: 'progress'; readonly doneBytes: number; readonly totalBytes: number }
  /** The file that the child is about to write; whoever kills the child removes it and its side files. */
  | { readonly type: 'partial'; readonly path: string }
  | { readonly type: 'result'; readonly result: ChildResult }
  | { readonly type: 'error'; readonly error: WireError };

export type ChildResult =
  /** `backup.createdAt` is an ISO text on the wire. */
  | { readonly kind: 'created'; readonly backup: WireBackup; readonly durationMs: number }
  | { readonly kind: 'fresh'; readonly latest: WireBackup }
  | { readonly kind: 'verified'; readonly report: VerifyReport }
  | { readonly kind: 'inspected'; readonly facts: DatabaseFacts }
  | { readonly kind: 'probed'; readonly report: ProbeReport }
  | { readonly kind: 'restored'; readonly report: RestoreReport }
  | { readonly kind: 'protected' };

export type WireBackup = Omit<Backup, 'createdAt'> & { readonly createdAt: string };

export interface WireError {
  readonly code: BackupErrorCode;
  readonly what: string;
  readonly step: BackupStep;
  readonly hint: string;
  readonly cause?: { readonly message: string; readonly code: string };
}

export function errorToWire(error: BackupError): WireError {
  const { code, message, step, hint, cause } = error;
  const what = message.slice(0, message.length - hint.length - 1);
  if (cause === undefined) return { code, what, step, hint };
  return { code, what, step, hint, cause: { message: messageOf(cause), code: systemCode(cause) } };
}

export function errorFromWire({ code, what, step, hint, cause }: WireError): BackupError {
  const original = cause && Object.assign(new Error(cause.message), cause.code !== '' && { code: cause.code });
  return new BackupError(code, what, { step, hint, cause: original });
}

/** Splits what arrives in chunks into whole lines. Lines that are no message (a stray print) are passed over. */
export function messageReader(onMessage: (message: ChildMessage) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const message = parseLine(line);
      if (message) onMessage(message);
    }
  };
}

function parseLine(line: string): ChildMessage | undefined {
  try {
    const value = JSON.parse(line) as ChildMessage | null;
    return typeof value === 'object' && value !== null && typeof value.type === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
