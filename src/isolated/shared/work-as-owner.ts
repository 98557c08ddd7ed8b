import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { backupNaming, lockName, manifestName } from '../../catalog/backup-name.js';
import type { ChildRequest } from '../../child/protocol.js';
import { randomToken } from '../../util/durable-files.js';
import type { Owner } from '../../util/file-owner.js';

// Only for systems that have root, and so these flags.
const { O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_RDONLY } = fs.constants;

/**
 * Root's child works as the owner of the database (or of its folder, where there is no database), where that user can do the
 * work: then it can do nothing in their folder that they could not do themselves, whatever links are planted there.
 *
 * It changes its own user rather than being started as that user, who may not be able to execute root's Node, and who could
 * read the environment of a process of their own. A restore keeps a way back, since only root sees which processes have a
 * database open (`asRoot`).
 */
export function workAsOwner(request: ChildRequest): void {
  if (process.geteuid?.() !== 0) return;
  const owner = statsOf(request.database) ?? statsOf(path.dirname(request.database));
  if (!owner || owner.uid === 0) return;
  const { uid, gid } = owner;
  giveLockBack(request, owner);
  // The addon is loaded with the first database. Where root's modules are, that user may not be able to read it.
  new Database(':memory:').close();
  const groups = process.getgroups!();
  try {
    setGroups(uid, gid);
    process.setegid!(gid);
    process.seteuid!(uid);
    ensureCapable(request);
    if (request.kind === 'restore') return;
    process.seteuid!(0);
    process.setgid!(gid);
    process.setuid!(uid);
  } catch {
    // A container without the right to change users, or a folder that is root's alone: then it goes on as root.
    process.seteuid!(0);
    process.setegid!(0);
    process.setgroups!(groups);
  }
}

/** Runs a function with the rights that this process was started with. */
export function asRoot<T>(act: () => T): T {
  const uid = process.geteuid?.();
  if (uid === undefined || uid === 0 || process.getuid!() !== 0) return act();
  process.seteuid!(0);
  try {
    return act();
  } finally {
    process.seteuid!(uid);
  }
}

function setGroups(uid: number, gid: number): void {
  try {
    // Missing in the types of Node 20.
    (process as unknown as { initgroups(user: number, group: number): void }).initgroups(uid, gid);
  } catch {
    // A container has no entry for that number.
    process.setgroups!([gid]);
  }
}

/** A lock that root has made, before there was a database, would keep its owner out. */
function giveLockBack(request: ChildRequest, { uid, gid }: Owner): void {
  if (!('directory' in request)) return;
  const file = path.join(request.directory, lockName(backupNaming(request.database)));
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fs.fstatSync(descriptor);
    if (stats.isFile() && stats.nlink === 1 && stats.uid === 0) fs.fchownSync(descriptor, uid, gid);
  } catch {
    // There is none, or it is not a lock: taking it will tell.
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** Throws unless the present user can do what is asked. Nothing is open yet whose locks a closed descriptor could drop. */
function ensureCapable(request: ChildRequest): void {
  const { database } = request;
  for (const file of [__filename, require.resolve('better-sqlite3')]) ensureOpens(file, O_RDONLY);
  if (statsOf(database)?.isFile()) ensureOpens(database, writes(request) ? O_RDWR : O_RDONLY);
  if (!('directory' in request) || request.kind === 'probe') return;
  ensureWritable(request.directory);
  if (request.kind === 'import') ensureOpens(request.file, request.move ? O_RDWR : O_RDONLY);
  if ('name' in request) {
    const naming = backupNaming(database);
    ensureOpens(path.join(request.directory, request.name), O_RDONLY);
    const manifest = path.join(request.directory, manifestName(naming, request.name));
    if (statsOf(manifest)?.isFile()) ensureOpens(manifest, O_RDONLY);
  }
  if (request.kind === 'restore') ensureWritable(path.dirname(request.to ?? database));
}

function writes(request: ChildRequest): boolean {
  return request.kind === 'restore' || (request.kind === 'recover' && !request.dryRun);
}

function ensureOpens(file: string, flags: number): void {
  fs.closeSync(fs.openSync(file, flags | O_NONBLOCK));
}

/** By making something: access(2) asks for the user who started this process, and does not know every kind of permission. */
function ensureWritable(folder: string): void {
  const probe = path.join(folder, `.${randomToken()}.probe`);
  fs.mkdirSync(probe, { mode: 0o700 });
  fs.rmdirSync(probe);
}

function statsOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
