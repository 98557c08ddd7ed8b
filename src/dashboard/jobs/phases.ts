import type { BackupStep } from '../../index.js';
import type { JobKind } from './job.js';

/** What a reader is told of the steps of a job; its name is a key of `texts.jobs.phases`. */
export type Phase =
  | 'lock'
  | 'copy'
  | 'verify'
  | 'check'
  | 'wait'
  | 'safety'
  | 'restore'
  | 'compare'
  | 'look'
  | 'choose'
  | 'bring'
  | 'one'
  | 'ask'
  | 'fetch'
  | 'receive'
  | 'whole'
  | 'put'
  | 'question';

type Phases = readonly (readonly [Phase, readonly BackupStep[]])[];

const SNAPSHOT: readonly BackupStep[] = ['pin', 'copy', 'seal', 'verify', 'publish'];

/** In the order in which they come. */
const PHASES: Readonly<Record<JobKind, Phases>> = {
  backup: [
    ['lock', ['start', 'lock']],
    ['copy', ['pin', 'copy', 'seal']],
    ['verify', ['verify', 'publish']],
  ],
  verify: [['look', []]],
  diff: [['look', []]],
  plan: [['choose', []]],
  several: [['one', []]],
  copies: [['ask', []]],
  pull: [['fetch', []]],
  upload: [
    ['receive', ['start', 'import']],
    ['whole', ['seal', 'verify']],
    ['put', ['lock', 'sweep', 'publish']],
  ],
  query: [['question', []]],
  recover: [
    ['choose', ['start', 'lock', 'check', 'where', 'plan']],
    ['safety', SNAPSHOT],
    ['bring', ['recover']],
  ],
  restore: [
    ['check', ['start', 'lock', 'check']],
    ['wait', ['block-writers']],
    ['safety', SNAPSHOT],
    ['restore', ['restore', 'replace']],
    ['compare', ['compare']],
  ],
};

export function phasesOf(kind: JobKind): readonly Phase[] {
  return PHASES[kind].map(([phase]) => phase);
}

/** How far a job is: the number of the phase that it is in, never less than before. Pure. */
export function furthest(kind: JobKind, step: BackupStep, before: number): number {
  return Math.max(
    before,
    PHASES[kind].findIndex(([, steps]) => steps.includes(step)),
  );
}
