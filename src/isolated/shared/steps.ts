import fs from 'node:fs';
import type { BackupStep } from '../../util/errors.js';
import type { ChildMessage } from '../../child/protocol.js';

let step: BackupStep = 'start';

/** Announces the step that begins. The parent needs it to say what a child that it had to kill was doing. */
export function beginStep(next: BackupStep): void {
  step = next;
  send({ type: 'step', step });
}

export function currentStep(): BackupStep {
  return step;
}

/** Sends a line to the parent, synchronously to the descriptor: `process.stdout` costs more to load than to use. */
export function send(message: ChildMessage): void {
  try {
    fs.writeSync(1, `${JSON.stringify(message)}\n`);
  } catch {
    // The parent is gone. The backup is still wanted, so go on.
  }
}

/** More lines could fill the pipe of a parent that does not read now (a blocking call), and this process would wait. */
const MAX_PROGRESS_LINES = 100;

/** Tells the parent of progress, a hundred times at most for work whose size is known. */
export function progressReporter(): (doneBytes: number, totalBytes: number) => void {
  let next = 0;
  return (doneBytes, totalBytes) => {
    if (doneBytes < next) return;
    next = doneBytes + totalBytes / MAX_PROGRESS_LINES;
    send({ type: 'progress', doneBytes, totalBytes });
  };
}
