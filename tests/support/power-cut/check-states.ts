// Lays out every state that a power cut may leave, and asks what is wrong with it.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { MODELS, crashStates } from './crash-states';
import type { Files, Model } from './crash-states';
import type { Journal } from './journal';

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
}

export interface CheckedStates {
  /** All states, and those that differ in the files that decide. */
  readonly states: number;
  readonly different: number;
  /** What is wrong, each kind once, with the first state that shows it. */
  readonly problems: ReadonlyMap<string, string>;
}

export function checkStates(journal: Journal, options: CheckOptions): CheckedStates {
  const { folder, check, decides = () => true, models = MODELS } = options;
  const problems = new Map<string, string>();
  const seen = new Set<string>();
  let states = 0;
  for (const model of models) {
    for (const { answered, text, files } of crashStates(journal, model)) {
      states++;
      const deciding: Files = new Map([...files].filter(([file]) => decides(file)));
      const digest = `${model === 'strict' ? 'strict' : 'in order'} ${String(answered)} ${digestOf(deciding)}`;
      if (seen.has(digest)) continue;
      seen.add(digest);
      layOut(deciding, folder);
      for (const problem of check(folder, { answered, model })) {
        if (!problems.has(problem)) problems.set(problem, `${model}: ${text}`);
      }
    }
  }
  return { states, different: seen.size, problems };
}

/**
 * Takes the flushes of each file and each folder out of the journal, one file after the other, and checks again. Flushes that are
 * needed must be found missing.
 *
 * @returns the flushes that nothing missed
 */
export function unmissedFlushes(journal: Journal, options: CheckOptions): string[] {
  const { answered } = journal;
  const inodes = [...new Set(journal.flushes.map(({ inode }) => inode))];
  return inodes.flatMap((inode) => {
    const flushes = journal.flushes.filter((flush) => flush.inode !== inode);
    const before = journal.flushes.slice(0, answered?.flushes).filter((flush) => flush.inode !== inode);
    const without = { ...journal, flushes, answered: answered && { ...answered, flushes: before.length } };
    if (checkStates(without, options).problems.size > 0) return [];
    return [journal.flushes.find((flush) => flush.inode === inode)!.text];
  });
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
