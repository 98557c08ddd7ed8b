// Turns system calls into a journal: what was done to the files below one folder, and when it was flushed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { bytesIn } from './trace';
import type { SystemCall } from './trace';

export class Inode {
  /** The bytes at the beginning. */
  readonly initial: Buffer;
  readonly isFolder: boolean;
  /** The bytes, or the names, after the calls so far. */
  bytes: Buffer;
  readonly names = new Map<string, Inode>();
  /** The names at the beginning. */
  initialNames: ReadonlyMap<string, Inode> = new Map();

  constructor({ isFolder = false, bytes = Buffer.alloc(0) } = {}) {
    this.isFolder = isFolder;
    this.initial = bytes;
    this.bytes = bytes;
  }
}

/** A name of `folder` gets an inode, or (`undefined`) goes. */
export interface NameChange {
  readonly folder: Inode;
  readonly name: string;
  readonly inode: Inode | undefined;
}

export type Operation = { readonly text: string; readonly index: number } & (
  | { readonly kind: 'names'; readonly changes: readonly NameChange[] }
  | { readonly kind: 'write'; readonly inode: Inode; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'size'; readonly inode: Inode; readonly size: number; readonly shrinks: boolean }
);

/** A flush that has returned: all operations on its inode below `covers` are on the disk. */
export interface Flush {
  readonly text: string;
  readonly inode: Inode;
  readonly covers: number;
  /** The number of operations before its return. */
  readonly position: number;
}

export interface Journal {
  readonly root: Inode;
  readonly operations: readonly Operation[];
  readonly flushes: readonly Flush[];
  /** Where the answer was given: after so many operations and flushes. */
  readonly answered: { readonly operations: number; readonly flushes: number } | undefined;
}

/** The app's way to say "answered": a look at a path that is not there, which strace sees. */
export const ANSWER_MARK = '/power-cut/answered';

/** Reads a folder before the command runs. */
export function readFolder(folder: string, known = new Map<string, Inode>()): Inode {
  const inode = new Inode({ isFolder: true });
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    const { dev, ino } = fs.lstatSync(file);
    const child =
      known.get(`${dev}:${ino}`) ??
      (entry.isDirectory() ? readFolder(file, known) : new Inode({ bytes: fs.readFileSync(file) }));
    known.set(`${dev}:${ino}`, child);
    inode.names.set(entry.name, child);
  }
  inode.initialNames = new Map(inode.names);
  return inode;
}

/**
 * @param root what {@link readFolder} gave before the calls; afterwards it is what the calls have made of it
 * @throws if the replay of all calls is not what the folder really contains
 */
export function journalOf(calls: readonly SystemCall[], folder: string, root: Inode): Journal {
  const journal = new Recorder(folder, root).record(calls);
  compare(folder, root);
  return journal;
}

interface OpenFile {
  readonly inode: Inode;
  readonly append: boolean;
  offset: number;
}

const PAGE = 4096;

class Recorder {
  readonly #operations: Operation[] = [];
  readonly #flushes: Flush[] = [];
  /** The number of operations when each call had returned: a flush covers what was done before it began. */
  readonly #operationsAfter: number[] = [];
  #answered: Journal['answered'];
  readonly #folder: string;
  readonly #root: Inode;
  readonly #files = new Map<string, OpenFile>();
  /** A thread shares the descriptors of its process. */
  readonly #processOf = new Map<number, number>();

  constructor(folder: string, root: Inode) {
    this.#folder = folder;
    this.#root = root;
  }

  record(calls: readonly SystemCall[]): Journal {
    for (const call of calls) {
      if (call.result >= 0 || call.name === 'statx' || call.name === 'access') this.#apply(call);
      this.#operationsAfter.push(this.#operations.length);
    }
    return { root: this.#root, operations: this.#operations, flushes: this.#flushes, answered: this.#answered };
  }

  #apply({ pid, name, args, result, begunAfter }: SystemCall): void {
    const process = this.#processOf.get(pid) ?? pid;
    const key = (descriptor: string | number): string => `${process}:${descriptor}`;
    const file = this.#files.get(key(args[0] ?? ''));
    switch (name) {
      case 'clone':
      case 'clone3':
      case 'fork':
      case 'vfork':
        return this.#start(process, result, args.join(','));
      case 'openat':
        return this.#open(key(result), args[1], args[2] ?? '');
      case 'open':
        return this.#open(key(result), args[0], args[1] ?? '');
      case 'close':
        this.#files.delete(key(args[0] ?? ''));
        return;
      case 'dup':
      case 'dup2':
      case 'dup3':
        if (file) this.#files.set(key(result), file);
        else this.#files.delete(key(result));
        return;
      case 'write':
      case 'writev':
      case 'pwrite64':
      case 'pwritev': {
        const bytes = bytesIn(args[1]).subarray(0, result);
        if (!file) {
          if (bytes.includes('"type":"result"')) this.#answer();
          return;
        }
        assert.equal(bytes.length, result, `strace printed all bytes of ${name}`);
        const positioned = name.startsWith('p');
        const offset = positioned ? Number(args[3]) : file.append ? file.inode.bytes.length : file.offset;
        if (!positioned) file.offset = offset + result;
        return this.#write(file.inode, offset, bytes);
      }
      case 'ftruncate':
        return file && this.#resize(file.inode, Number(args[1]));
      case 'fallocate':
        return file && this.#resize(file.inode, Math.max(file.inode.bytes.length, Number(args[2]) + Number(args[3])));
      case 'copy_file_range':
        return this.#copyRange(file, this.#files.get(key(args[2] ?? '')), args, result);
      case 'sendfile':
        if (file) throw new Error('sendfile is not replayed');
        return;
      case 'rename':
      case 'renameat':
      case 'renameat2':
        return this.#rename(pathsOf(args));
      case 'link':
      case 'linkat':
        return this.#link(pathsOf(args));
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        return this.#unlink(pathsOf(args));
      case 'mkdir':
      case 'mkdirat':
        return this.#mkdir(pathsOf(args));
      case 'fsync':
      case 'fdatasync':
        if (!file) return;
        this.#flushes.push({
          text: `${name} ${this.#nameOf(file.inode)}`,
          inode: file.inode,
          covers: this.#operationsAfter[begunAfter - 1] ?? 0,
          position: this.#operations.length,
        });
        return;
      case 'io_uring_setup':
        throw new Error('io_uring is used: its work is not in the trace');
      case 'statx':
      case 'access':
        if (pathsOf(args)[0] === ANSWER_MARK) this.#answer();
        return;
    }
  }

  #answer(): void {
    this.#answered ??= { operations: this.#operations.length, flushes: this.#flushes.length };
  }

  #start(parent: number, child: number, flags: string): void {
    if (flags.includes('CLONE_THREAD')) {
      this.#processOf.set(child, parent);
      return;
    }
    for (const [key, file] of [...this.#files]) {
      const [owner, descriptor] = key.split(':');
      if (owner === String(parent)) this.#files.set(`${child}:${descriptor}`, file);
    }
  }

  #open(key: string, arg: string | undefined, flags: string): void {
    this.#files.delete(key);
    const found = this.#find(bytesIn(arg).toString());
    if (!found) return;
    const { folder, name } = found;
    let { inode } = found;
    if (!inode) {
      if (!flags.includes('O_CREAT')) return;
      inode = new Inode();
      this.#change(`create ${name}`, [{ folder, name, inode }]);
    } else if (flags.includes('O_TRUNC') && !inode.isFolder && inode.bytes.length > 0) this.#resize(inode, 0);
    this.#files.set(key, { inode, append: flags.includes('O_APPEND'), offset: 0 });
  }

  #write(inode: Inode, offset: number, bytes: Buffer): void {
    const text = `write ${this.#nameOf(inode)} ${offset}+${bytes.length}`;
    this.#operations.push({ index: this.#operations.length, kind: 'write', text, inode, offset, bytes });
    inode.bytes = written(inode.bytes, offset, bytes);
  }

  /** In pages: each of them can be lost by itself. */
  #copyRange(from: OpenFile | undefined, to: OpenFile | undefined, args: readonly string[], length: number): void {
    if (!to) return;
    if (!from) throw new Error('copy_file_range copies from a file outside the folder');
    const [start, target] = [args[1], args[3]].map((arg) => /^\[(\d+)/.exec(arg ?? '')?.[1]);
    const source = start === undefined ? from.offset : Number(start);
    const offset = target === undefined ? to.offset : Number(target);
    if (start === undefined) from.offset += length;
    if (target === undefined) to.offset += length;
    for (let done = 0; done < length; done += PAGE) {
      const page = from.inode.bytes.subarray(source + done, source + Math.min(done + PAGE, length));
      this.#write(to.inode, offset + done, Buffer.from(page));
    }
  }

  #resize(inode: Inode, size: number): void {
    if (size === inode.bytes.length) return;
    const shrinks = size < inode.bytes.length;
    const text = `truncate ${this.#nameOf(inode)} ${size}`;
    this.#operations.push({ index: this.#operations.length, kind: 'size', text, inode, size, shrinks });
    inode.bytes = resized(inode.bytes, size);
  }

  #rename([from = '', to = '']: readonly string[]): void {
    const source = this.#find(from);
    const target = this.#find(to);
    if (!source || !target) return;
    this.#change(`rename ${source.name} to ${target.name}`, [
      { folder: source.folder, name: source.name, inode: undefined },
      { folder: target.folder, name: target.name, inode: source.inode },
    ]);
  }

  #link([from = '', to = '']: readonly string[]): void {
    const source = this.#find(from);
    const target = this.#find(to);
    if (source && target) this.#change(`link ${source.name} as ${target.name}`, [{ ...target, inode: source.inode }]);
  }

  #unlink([file = '']: readonly string[]): void {
    const found = this.#find(file);
    if (found?.inode) this.#change(`unlink ${found.name}`, [{ ...found, inode: undefined }]);
  }

  #mkdir([folder = '']: readonly string[]): void {
    const found = this.#find(folder);
    if (found) this.#change(`mkdir ${found.name}`, [{ ...found, inode: new Inode({ isFolder: true }) }]);
  }

  #change(text: string, changes: readonly NameChange[]): void {
    this.#operations.push({ index: this.#operations.length, kind: 'names', text, changes });
    for (const change of changes) applyNameChange(change.folder.names, change);
  }

  /** The folder and the name of a path below the root, and the root itself as the name `.` of itself. */
  #find(
    file: string,
  ): { readonly folder: Inode; readonly name: string; readonly inode: Inode | undefined } | undefined {
    const relative = path.relative(this.#folder, file);
    if (!path.isAbsolute(file) || /^\.\.(\/|$)/.test(relative)) return undefined;
    if (relative === '') return { folder: this.#root, name: '.', inode: this.#root };
    const segments = relative.split('/');
    const name = segments.pop()!;
    let folder: Inode | undefined = this.#root;
    for (const segment of segments) folder = folder?.names.get(segment);
    return folder && { folder, name, inode: folder.names.get(name) };
  }

  #nameOf(inode: Inode, folder = this.#root): string {
    if (inode === this.#root) return 'the folder';
    for (const [name, child] of folder.names) {
      if (child === inode) return child.isFolder ? `the folder ${name}` : name;
      const below = child.isFolder ? this.#nameOf(inode, child) : '';
      if (below !== '') return below;
    }
    return folder === this.#root ? 'a file without a name' : '';
  }
}

export function applyNameChange(names: Map<string, Inode>, { name, inode }: NameChange): void {
  if (inode) names.set(name, inode);
  else names.delete(name);
}

export function written(before: Buffer, offset: number, bytes: Buffer): Buffer {
  const after = Buffer.alloc(Math.max(before.length, offset + bytes.length));
  before.copy(after);
  bytes.copy(after, offset);
  return after;
}

export function resized(before: Buffer, size: number): Buffer {
  const after = Buffer.alloc(size);
  before.copy(after);
  return after;
}

function pathsOf(args: readonly string[]): string[] {
  return args.filter((arg) => arg.startsWith('"')).map((arg) => bytesIn(arg).toString());
}

/** Shared memory is written through a mapping, which no call shows; SQLite makes it anew after a crash. */
function compare(folder: string, inode: Inode): void {
  const really = fs.readdirSync(folder).sort();
  assert.equal(
    [...inode.names.keys()].sort().join(),
    really.join(),
    `the replayed names of ${folder} are the real ones`,
  );
  for (const [name, child] of inode.names) {
    const file = path.join(folder, name);
    if (child.isFolder) compare(file, child);
    else if (!name.endsWith('-shm'))
      assert.ok(child.bytes.equals(fs.readFileSync(file)), `the replay of ${file} is its contents`);
  }
}
