// Lays out every state that a power cut may leave, and asks what is wrong with it.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { MODELS, crashStates } from './crash-states';
import type { Files, Model } from './crash-states';
import type { Flush, Journal } from './journal';

export interface Cut {
  /** Was the command's answer given before the cut? */
  readonly answered: boolean;
  readonly model: Model;
}

export interface CheckOptions {
  /** An empty folder that may be overwritten; in memory, since thousands of states are written there. */
  readonly folder: string;
  /** Lists what is wrong in a folder that a cut has left. */
  check(folder: string, cut: Cut): Iterable<string>;
  /** Files that decide; the others are not laid out, and states that differ only there count once. */
  readonly decides?: (file: string) => boolean;
  readonly models?: readonly Model[];
  readonly seed?: number;
  /** One problem is enough. */
  readonly stopsAtFirst?: boolean;
}

export interface CheckedStates {
  /** All states, and those that differ in the files that decide. */
  readonly states: number;
  readonly different: number;
  /** How many of the different ones come after the answer, and how many have something wrong. */
  readonly answered: number;
  readonly bad: number;
  /** What is wrong, each kind once, with the first state that shows it. */
  readonly problems: ReadonlyMap<string, string>;
}

export function checkStates(journal: Journal, options: CheckOptions): CheckedStates {
  const { folder, check, decides = () => true, models = MODELS, seed, stopsAtFirst = false } = options;
  const problems = new Map<string, string>();
  const seen = new Set<string>();
  let states = 0;
  let bad = 0;
  let after = 0;
  for (const model of models) {
    for (const { answered, text, files } of crashStates(journal, model, seed)) {
      states++;
      const deciding: Files = new Map([...files].filter(([file]) => decides(file)));
      const digest = `${model === 'strict' ? 'strict' : 'in order'} ${String(answered)} ${digestOf(deciding)}`;
      if (seen.has(digest)) continue;
      seen.add(digest);
      layOut(deciding, folder);
      const found = [...check(folder, { answered, model })];
      if (found.length > 0) bad++;
      if (answered) after++;
      for (const problem of found) if (!problems.has(problem)) problems.set(problem, `${model}: ${text}`);
      if (stopsAtFirst && bad > 0) return { states, different: seen.size, answered: after, bad, problems };
    }
  }
  return { states, different: seen.size, answered: after, bad, problems };
}

export interface LeftOut {
  /** `fsync app.db`, or `every fsync app.db`. */
  readonly text: string;
  /** Did the check find something wrong without it? */
  readonly missed: boolean;
}

/**
 * Takes each flush out of the journal, one after the other, and then all those of each file and folder that has several, and checks
 * again: what is needed must be found missing.
 */
export function leaveOutFlushes(journal: Journal, options: CheckOptions): LeftOut[] {
  const { flushes } = journal;
  const leftOut = flushes.map((flush) => ({ text: flush.text, missed: isMissed(journal, [flush], options) }));
  for (const inode of new Set(flushes.map((flush) => flush.inode))) {
    const own = flushes.filter((flush) => flush.inode === inode);
    // Where one of them is missed alone, so are all.
    if (own.length < 2 || own.some((flush) => leftOut[flushes.indexOf(flush)]!.missed)) continue;
    leftOut.push({ text: `every ${own[0]!.text}`, missed: isMissed(journal, own, options) });
  }
  return leftOut;
}

function isMissed({ answered, ...journal }: Journal, leftOut: readonly Flush[], options: CheckOptions): boolean {
  const flushes = journal.flushes.filter((flush) => !leftOut.includes(flush));
  const before = journal.flushes.slice(0, answered?.flushes).filter((flush) => !leftOut.includes(flush));
  const without = { ...journal, flushes, answered: answered && { ...answered, flushes: before.length } };
  return checkStates(without, { ...options, stopsAtFirst: true }).problems.size > 0;
}

const digests = new WeakMap<Buffer, string>();

function digestOf(files: Files): string {
  const lines = [...files].map(([file, bytes]) => {
    if (bytes === null) return `${file}/`;
    const digest = digests.get(bytes) ?? crypto.createHash('sha1').update(bytes).digest('hex');
    digests.set(bytes, digest);
    return `${file} ${digest}`;
  });
  return lines.sort().join('\n');
}

function layOut(files: Files, folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  for (const [name, bytes] of files) {
    const file = path.join(folder, name);
    fs.mkdirSync(bytes === null ? file : path.dirname(file), { recursive: true });
    if (bytes !== null) fs.writeFileSync(file, bytes);
  }
}
