import fs from 'node:fs';
import type { DatabaseFacts, DatabaseSource, Snapshot, SnapshotTarget } from '../../sources/database-source.js';
import { pageSizeIn, readHeader } from '../../util/database-header.js';
import { isIdleWal } from '../backup/idle-wal.js';
import { copyPages } from '../backup/page-copy.js';
import { pinSource } from '../backup/pin.js';
import { Deadline } from '../shared/deadline.js';
import { ensureFileBegins, ensureTablesBegin } from '../shared/first-pages.js';
import { ensureSource } from '../shared/free-space.js';
import { beginStep } from '../shared/steps.js';

/**
 * The built-in source: a database file on a disk of this machine.
 *
 * @param idleWal a WAL database that nobody has open: nothing is left beside it
 */
export function fileSource(database: string, idleWal = false): Pick<DatabaseSource, 'inspect' | 'snapshot'> {
  return {
    // What the app cannot learn of the live database, which it must not open. A look leaves nothing beside it.
    async inspect({ remainingMs }): Promise<DatabaseFacts> {
      await Promise.resolve();
      beginStep('pin');
      ensureSource(database);
      // Nobody has it open, so its header holds; its other pages do where the WAL has none of them.
      if (isIdleWal(database)) {
        return factsInHeader(sizeOf(`${database}-wal`) > 0 ? readHeader(database) : ensureFileBegins(database));
      }
      const source = pinSource(database, new Deadline(remainingMs()));
      try {
        ensureTablesBegin(source.db);
      } finally {
        source.close();
      }
      const { journalMode, pageSize, pageCount } = source.facts;
      return { journalMode, pageSize, pageCount };
    },

    async snapshot(target: SnapshotTarget): Promise<Snapshot> {
      ensureSource(database);
      // A WAL holds a page as often as it was written, and the file may be about to shrink: then only the pin can tell.
      const exact = sizeOf(`${database}-wal`) === 0;
      if (exact) target.ensureSpace(sizeOf(database));
      target.beginStep('pin');
      const source = pinSource(database, new Deadline(target.remainingMs()), idleWal);
      try {
        const takenAt = new Date();
        const { facts } = source;
        if (!exact) {
          target.beginStep('space');
          target.ensureSpace(facts.pageCount * facts.pageSize);
        }
        target.beginStep('copy');
        await copyPages(source, await target.createFile());
        return { takenAt, facts };
      } finally {
        source.close();
      }
    },
  };
}

/** https://sqlite.org/fileformat2.html#the_database_header */
function factsInHeader(header: Buffer): DatabaseFacts {
  return { journalMode: 'wal', pageSize: pageSizeIn(header), pageCount: header.readUInt32BE(28) };
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
