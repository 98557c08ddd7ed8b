import fs from 'node:fs';
import path from 'node:path';
import type { Backup, Manifest } from 'sqlite-autobackup';
import { backupName, backupNaming, manifestName } from '#dist/catalog/backup-name.js';
import { formatManifest } from '#dist/catalog/manifest.js';

export const NAMING = backupNaming('/shop/app.db');

/** `'2026-11-24 09:30:00'` in local time. */
export function localTime(text: string): Date {
  return new Date(text.replace(' ', 'T'));
}

/** A backup as it is listed, without a file. `at` is local time. */
export function aBackup(at: string | Date, more: Partial<Backup> = {}): Backup {
  const createdAt = typeof at === 'string' ? localTime(at) : at;
  const name = backupName(NAMING, createdAt);
  return { name, path: `/shop/${name}`, createdAt, sizeBytes: 4096, protected: false, ...more };
}

/** A manifest with everything in it. */
export function aManifest(more: Partial<Manifest> = {}): Manifest {
  return {
    formatVersion: 1,
    name: 'app_backup_20261124_093000.db',
    createdAt: '2026-11-24T09:30:00.500Z',
    sizeBytes: 4096,
    pageCount: 1,
    pageSize: 4096,
    journalMode: 'wal',
    sha256: 'a'.repeat(64),
    verified: 'quick',
    verifiedAt: '2026-11-24T09:30:01.000Z',
    durationMs: 80,
    protected: false,
    ...more,
  };
}

export interface WrittenBackup {
  /** Whose modification time; default `at`. */
  mtime?: Date;
  sizeBytes?: number;
  /** `true`: a right one for `at`; a text: the manifest file's contents. Default: none, as the original left them. */
  manifest?: boolean | string | Partial<Manifest>;
}

/** Puts a file with the name of a backup taken at `at` into a folder. No database: for listing and ages only. */
export function writeBackup(directory: string, at: Date, options: WrittenBackup = {}): string {
  const { mtime = at, sizeBytes = 4096, manifest = false } = options;
  const name = backupName(NAMING, at);
  const file = path.join(directory, name);
  fs.writeFileSync(file, Buffer.alloc(sizeBytes, 1));
  fs.utimesSync(file, mtime, mtime);
  if (manifest !== false) {
    const known = { name, createdAt: at.toISOString(), sizeBytes };
    const text =
      typeof manifest === 'string'
        ? manifest
        : formatManifest(aManifest({ ...known, ...(manifest === true ? {} : manifest) }));
    fs.writeFileSync(path.join(directory, manifestName(NAMING, name)), text);
  }
  return name;
}

/** Of a moment ago: how the page says it depends on how fast the machine is. */
export const JUST_NOW = String.raw`(just now|\d+ (seconds?|minutes?) ago)`;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
