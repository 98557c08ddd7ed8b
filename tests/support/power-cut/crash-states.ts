// The states of a folder that a power cut may leave, at every point of a journal.
import { applyNameChange, resized, written } from './journal';
import type { Flush, Inode, Journal, Operation } from './journal';
import { randomNumbers } from '../random';

/**
 * How much a file system promises beyond POSIX.
 *
 * - `ext4`: names are kept in order, and every flush of any file commits all names before it (ext4, xfs). Data that was not
 *   flushed may be kept, lost, or kept in part.
 * - `ordered`: names are kept in order, but only a flush of their folder makes them durable.
 * - `strict`: each name and each write that was not flushed is kept or lost by itself.
 */
export type Model = 'ext4' | 'ordered' | 'strict';
export const MODELS: readonly Model[] = ['ext4', 'ordered', 'strict'];

/** Paths relative to the root; `null` is a folder. */
export type Files = ReadonlyMap<string, Buffer | null>;

export interface CrashState {
  /** Was the command's answer given before the cut? */
  readonly answered: boolean;
  /** When the power went, and what of the unflushed was kept. */
  readonly text: string;
  readonly files: Files;
}

interface Kept {
  readonly text: string;
  readonly indexes: ReadonlySet<number>;
}

export function* crashStates(journal: Journal, model: Model, seed = 1): Generator<CrashState, void> {
  const random = randomNumbers(seed);
  const { operations, flushes, answered } = journal;
  for (let position = 0; position <= operations.length; position++) {
    const before = flushes.filter((flush) => flush.position < position);
    const here = flushes.filter((flush) => flush.position === position);
    // The cut comes before the flushes at this position, or after each of them.
    for (let count = 0; count <= here.length; count++) {
      const done = [...before, ...here.slice(0, count)];
      const issued = operations.slice(0, position);
      const durable = durableAfter(done, model);
      const wasAnswered = answered !== undefined && position >= answered.operations && done.length >= answered.flushes;
      const last = issued.at(-1)?.text ?? 'the beginning';
      for (const names of namesKept(issued, durable, model, random)) {
        for (const data of dataKept(issued, durable, model, random)) {
          const kept = issued.filter(({ index }) => names.indexes.has(index) || data.indexes.has(index));
          const text = `after ${last}${count > 0 ? ` and ${here[count - 1]!.text}` : ''}: ${names.text}, ${data.text}`;
          yield { answered: wasAnswered, text, files: filesAfter(journal, kept) };
        }
      }
    }
  }
}

/** Orders with the names: an operation whose loss or order is that of metadata. Shrinking a file is one in ordered journals. */
function isMetadata(operation: Operation, model: Model): boolean {
  return operation.kind === 'names' || (operation.kind === 'size' && operation.shrinks && model !== 'strict');
}

function durableAfter(done: readonly Flush[], model: Model): (operation: Operation) => boolean {
  const covered = new Map<Inode, number>();
  for (const { inode, covers } of done) covered.set(inode, Math.max(covered.get(inode) ?? 0, covers));
  const any = Math.max(0, ...done.map(({ covers }) => covers));
  return (operation) => {
    const { index } = operation;
    if (model === 'ext4' && isMetadata(operation, model) && index < any) return true;
    if (operation.kind === 'names') return operation.changes.some(({ folder }) => index < (covered.get(folder) ?? 0));
    return index < (covered.get(operation.inode) ?? 0);
  };
}

function namesKept(
  issued: readonly Operation[],
  durable: (operation: Operation) => boolean,
  model: Model,
  random: () => number,
): Kept[] {
  const metadata = issued.filter((operation) => isMetadata(operation, model));
  const must = metadata.filter(durable).map(({ index }) => index);
  if (model !== 'strict') {
    const first = metadata.findLastIndex(durable) + 1;
    return Array.from({ length: metadata.length - first + 1 }, (_, more) => ({
      text: `names up to "${metadata[first + more - 1]?.text ?? 'nothing'}"`,
      indexes: new Set(metadata.slice(0, first + more).map(({ index }) => index)),
    }));
  }
  const pending = metadata.filter((operation) => !durable(operation));
  return subsets(pending, 6, 24, random).map((kept) => ({
    text: `without ${
      pending
        .filter((operation) => !kept.includes(operation))
        .map(({ text }) => `"${text}"`)
        .join(', ') || 'loss of names'
    }`,
    indexes: new Set([...must, ...kept.map(({ index }) => index)]),
  }));
}

function dataKept(
  issued: readonly Operation[],
  durable: (operation: Operation) => boolean,
  model: Model,
  random: () => number,
): Kept[] {
  const data = issued.filter((operation) => !isMetadata(operation, model));
  const must = data.filter(durable).map(({ index }) => index);
  const pending = data.filter((operation) => !durable(operation)).map(({ index }) => index);
  const kept = (text: string, indexes: readonly number[]): Kept => ({ text, indexes: new Set([...must, ...indexes]) });
  if (pending.length === 0) return [kept('all data', [])];
  const byFile = new Map<Inode, Operation[]>();
  for (const operation of data) {
    if (operation.kind === 'names' || !pending.includes(operation.index)) continue;
    byFile.set(operation.inode, [...(byFile.get(operation.inode) ?? []), operation]);
  }
  const selections = [kept('no unflushed data', []), kept('all data', pending)];
  for (const operations of byFile.values()) {
    const own = operations.map(({ index }) => index);
    if (byFile.size > 1) {
      selections.push(
        kept(
          'the data of one file lost',
          pending.filter((index) => !own.includes(index)),
        ),
      );
      selections.push(kept('the data of one file only', own));
    }
    if (own.length > 1) {
      selections.push(kept('the first half', own.slice(0, own.length / 2)));
      selections.push(kept('the last write only', own.slice(-1)));
      selections.push(
        kept(
          'all but the last write',
          pending.filter((index) => index !== own.at(-1)),
        ),
      );
    }
  }
  selections.push(
    kept(
      'some data',
      pending.filter(() => random() < 0.5),
    ),
  );
  return selections;
}

/** All subsets of a few, otherwise the telling ones and some at random. */
function subsets<T>(items: readonly T[], few: number, more: number, random: () => number): T[][] {
  if (items.length <= few) {
    return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((__, at) => (bits >> at) & 1));
  }
  return [
    [],
    [...items],
    ...items.map((item) => items.filter((other) => other !== item)),
    ...items.map((item) => [item]),
    ...items.map((_, end) => items.slice(0, end)),
    ...Array.from({ length: more }, () => items.filter(() => random() < 0.5)),
  ];
}

function filesAfter({ root }: Journal, kept: readonly Operation[]): Files {
  const names = new Map<Inode, Map<string, Inode>>();
  const namesOf = (folder: Inode): Map<string, Inode> => {
    const known = names.get(folder) ?? new Map(folder.initialNames);
    names.set(folder, known);
    return known;
  };
  for (const operation of kept) {
    if (operation.kind !== 'names') continue;
    for (const change of operation.changes) applyNameChange(namesOf(change.folder), change);
  }
  const files = new Map<string, Buffer | null>();
  const walk = (folder: Inode, prefix: string): void => {
    for (const [name, inode] of namesOf(folder)) {
      files.set(prefix + name, inode.isFolder ? null : bytesAfter(inode, kept));
      if (inode.isFolder) walk(inode, `${prefix}${name}/`);
    }
  };
  walk(root, '');
  return files;
}

const contents = new WeakMap<Inode, Map<string, Buffer>>();

/** Most states share the contents of most files. */
function bytesAfter(inode: Inode, kept: readonly Operation[]): Buffer {
  const own = kept.filter((operation) => operation.kind !== 'names' && operation.inode === inode);
  const key = own.map(({ index }) => index).join();
  const known = contents.get(inode) ?? new Map<string, Buffer>();
  contents.set(inode, known);
  const bytes = known.get(key) ?? own.reduce(apply, inode.initial);
  known.set(key, bytes);
  return bytes;
}

function apply(before: Buffer, operation: Operation): Buffer {
  if (operation.kind === 'write') return written(before, operation.offset, operation.bytes);
  return operation.kind === 'size' ? resized(before, operation.size) : before;
}
