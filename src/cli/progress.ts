import { Format, SingleBar } from 'cli-progress';
import type { Options, Params } from 'cli-progress';
import type { BackupProgress, SnapshotControl } from '../index.js';
import type { Context } from './context.js';
import { size } from './format.js';
import { clearTimeout, setTimeout } from '../util/timers.js';

type Step = BackupProgress['step'];

/** Steps that may take long enough to be worth a line, in plain words. */
const STEPS: Readonly<Partial<Record<Step, string>>> = {
  lock: 'waiting for the lock',
  pin: 'opening the database',
  copy: 'copying',
  verify: 'checking',
  publish: 'publishing',
  check: 'checking the backup',
  'block-writers': 'waiting for writers',
  restore: 'restoring',
  diff: 'comparing',
  where: 'choosing the rows',
  plan: 'planning',
  recover: 'bringing rows back',
  query: 'asking',
  compare: 'comparing',
  replace: 'replacing the file',
  drill: 'restoring a copy',
  pull: 'fetching',
};
/** Steps that only wait. They are shown once the wait has lasted a moment. */
const WAITS: readonly Step[] = ['lock', 'pin', 'block-writers'];
const WAIT_SHOWN_AFTER_MS = 1_000;
const LINE_EVERY_MS = 10_000;

/**
 * Runs `work` with a bar on a terminal, with a line for each step elsewhere, with nothing where --quiet says so; and
 * ends it with the first Ctrl-C.
 */
export async function withProgress<T>(
  { terminal, signal }: Context,
  work: (control: SnapshotControl) => Promise<T>,
): Promise<T> {
  if (terminal.quiet) return work({ signal });
  const display = terminal.interactive ? bar() : plainLines((line) => terminal.note(line));
  try {
    return await work({ signal, onProgress: (progress) => display.show(progress) });
  } finally {
    display.end();
  }
}

interface Display {
  show(progress: BackupProgress): void;
  end(): void;
}

function bar(): Display {
  const clock = new Clock();
  let current: BackupProgress | undefined;
  const format = (options: Options, { progress }: Params): string => {
    const step = nameOf(current!.step).padEnd(20);
    const { doneBytes, totalBytes } = current!;
    if (totalBytes === 0) return `${step} …`;
    const { perSecond, leftMs } = clock.rate(doneBytes, totalBytes);
    const left = leftMs === undefined ? '' : `  ${Math.ceil(leftMs / 1000)} s left`;
    return `${step} ${Format.BarFormat(progress, options)} ${amount(current!)}  ${size(perSecond)}/s${left}`;
  };
  const line = new SingleBar({
    format,
    stream: process.stderr,
    barsize: Math.max(5, Math.min(24, process.stderr.columns - 72)),
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    // A second Ctrl-C would leave the cursor hidden.
    hideCursor: false,
    linewrap: true,
  });
  return {
    show(progress) {
      const first = current === undefined;
      const changed = progress.step !== current?.step;
      current = progress;
      if (changed) clock.start();
      if (first) line.start(progress.totalBytes, progress.doneBytes);
      line.setTotal(progress.totalBytes);
      line.update(progress.doneBytes);
    },
    end: () => line.stop(),
  };
}

function plainLines(note: (line: string) => void): Display {
  let step: Step | undefined;
  let last = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    show(progress) {
      const now = performance.now();
      if (progress.step !== step) {
        step = progress.step;
        last = now;
        clearTimeout(timer);
        if (WAITS.includes(step)) timer = setTimeout(note, WAIT_SHOWN_AFTER_MS, nameOf(step));
        else if (step in STEPS) note(nameOf(step));
      } else if (progress.totalBytes > 0 && now - last >= LINE_EVERY_MS) {
        last = now;
        note(`${nameOf(step)}: ${amount(progress)}`);
      }
    },
    end: () => clearTimeout(timer),
  };
}

/** `42 %  5.2 MB of 12.4 MB` */
function amount({ doneBytes, totalBytes }: BackupProgress): string {
  const percent = Math.floor((100 * doneBytes) / totalBytes);
  return `${String(percent).padStart(3)} %  ${size(doneBytes)} of ${size(totalBytes)}`;
}

function nameOf(step: Step): string {
  return STEPS[step] ?? step;
}

/** The rate since the step began. */
class Clock {
  #startedAt = 0;

  start(): void {
    this.#startedAt = performance.now();
  }

  rate(doneBytes: number, totalBytes: number): { perSecond: number; leftMs: number | undefined } {
    const elapsedMs = Math.max(1, performance.now() - this.#startedAt);
    const perSecond = Math.round((doneBytes * 1000) / elapsedMs);
    return { perSecond, leftMs: doneBytes > 0 ? ((totalBytes - doneBytes) * elapsedMs) / doneBytes : undefined };
  }
}
