import fs from 'node:fs';
import path from 'node:path';

export interface FaultKind {
  /** The law of docs/architecture.md that it is to break. */
  readonly law: number;
  /** What was done, in the words of the table: 'kill -9 of the child at a random moment'. */
  readonly fault: string;
  /** What repeats it. */
  readonly seed?: number | string;
}

export interface FaultCount {
  /** A fault was put on. Until {@link FaultCount.held} it counts as one after which something was lost. */
  injected(times?: number): void;
  /** After a fault all that must hold did hold; `seen` is what the user saw of it: an error's code, or what came of the call. */
  held(seen: string, times?: number): void;
}

/** A line of the record, as tests/faults/table-reporter.js reads it. */
export interface FaultLine extends FaultKind {
  readonly injected: number;
  readonly lost: number;
  readonly seen: Readonly<Record<string, number>>;
  readonly file: string;
}

/**
 * Counts the faults of this file's tests for the table of `npm run faults`. A test that ends in the middle leaves the fault that
 * it was looking at as a loss. Each count becomes a line of the file that FAULT_RECORD names; without it, nothing is written.
 */
export function useFaultRecord(): (kind: FaultKind) => FaultCount {
  const lines: { kind: FaultKind; injected: number; held: number; seen: Record<string, number> }[] = [];
  afterEach(() => {
    const file = path.basename(expect.getState().testPath ?? '', '.test.ts');
    for (const { kind, injected, held, seen } of lines.splice(0)) {
      const line: FaultLine = { ...kind, injected, lost: injected - held, seen, file };
      const record = process.env['FAULT_RECORD'];
      if (record !== undefined) fs.appendFileSync(record, `${JSON.stringify(line)}\n`);
    }
  });
  return (kind) => {
    const line = { kind, injected: 0, held: 0, seen: {} as Record<string, number> };
    lines.push(line);
    return {
      injected(times = 1) {
        line.injected += times;
      },
      held(seen, times = 1) {
        line.held += times;
        line.seen[seen] = (line.seen[seen] ?? 0) + times;
      },
    };
  };
}
