import type { Backup, BackupService, RecoverOptions } from '../../index.js';
import type { Fields } from '../body.js';
import { HttpError } from '../http-error.js';
import type { Jobs, Started } from '../jobs/jobs.js';
import type { RowsOrder } from './choice.js';
import { keepRows } from './keep-rows.js';

/** The actions on the rows of a backup. */
export interface RowsOperations {
  /** Compares the backup with the live database; lists the changed rows of `table` if one is given. */
  diff(name: string, fields: Fields, owner?: string): Promise<Started>;
  /** Says what would be done to bring rows back. */
  plan(name: string, rows: RowsOrder, owner?: string): Promise<Started>;
  /** @param plan of a report that somebody has seen: anything else is refused */
  recover(name: string, rows: RowsOrder, plan: string | undefined, owner?: string): Promise<Started>;
}

/** How many changed rows of a table are kept for the page, which filters them and lets its reader choose. */
const ROWS_KEPT = 500;

function selection({ where, ...rest }: RowsOrder): RecoverOptions {
  return { ...rest, ...(where === undefined ? { removed: true } : { where }) };
}

/** @param find rejects where there is no such backup */
export function rowsOperations(
  service: BackupService,
  jobs: Jobs,
  find: (name: string) => Promise<Backup>,
): RowsOperations {
  return {
    async diff(name, { table, skip = 0 }, owner) {
      const from = Number(skip);
      if ((table !== undefined && typeof table !== 'string') || !Number.isSafeInteger(from) || from < 0) {
        throw new HttpError('ERR_DASHBOARD_BODY');
      }
      await find(name);
      const options = table === undefined ? {} : { tables: [table], rows: ROWS_KEPT, skip: from };
      const order = { kind: 'diff', key: JSON.stringify([name, table, from]), name, owner } as const;
      return jobs.start(order, async (control) => ({
        kind: 'diff',
        diff: keepRows(await service.diffBackup(name, { ...options, ...control })),
        skip: from,
      }));
    },
    async plan(name, rows, owner) {
      await find(name);
      const order = { kind: 'plan', key: JSON.stringify([name, rows]), name, owner, rows } as const;
      return jobs.start(order, async (control) => ({
        kind: 'plan',
        report: await service.recoverRows(name, { ...selection(rows), dryRun: true, ...control }),
      }));
    },
    async recover(name, rows, plan, owner) {
      await find(name);
      const order = { kind: 'recover', key: JSON.stringify([name, rows]), name, owner, rows } as const;
      return jobs.start(order, async (control) => ({
        kind: 'recover',
        report: await service.recoverRows(name, { ...selection(rows), plan, ...control }),
      }));
    },
  };
}
