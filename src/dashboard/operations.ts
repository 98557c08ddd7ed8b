import type { Backup, BackupService, VerificationLevel } from '../index.js';
import type { Fields } from './body.js';
import { HttpError } from './http-error.js';
import type { Job } from './jobs/job.js';
import { isWriter } from './jobs/job.js';
import { createJobs } from './jobs/jobs.js';
import type { Jobs, Started } from './jobs/jobs.js';
import { rowsOperations } from './rows/operations.js';
import type { RowsOperations } from './rows/operations.js';

const LEVELS: readonly string[] = ['hash', 'quick', 'full', 'drill'] satisfies VerificationLevel[];
const MAX_LABEL = 200;
/** The label of a backup that nobody gave one. */
export const BY_HAND = 'dashboard';

/** The actions on the backups of one service, for the pages and the API. Each turns the fields of a body into a call. */
export interface Operations extends RowsOperations {
  readonly jobs: Jobs;
  /** The job that this page's banner tells of: one that writes to the database, else the backup that is being made. */
  readonly running: Job | undefined;
  /** Presses while one is being made join it: an impatient crowd gets one backup. */
  create(fields: Fields, owner?: string): Started;
  find(name: string): Promise<Backup>;
  verify(name: string, fields: Fields, owner?: string): Promise<Started>;
  protect(name: string, fields: Fields): Promise<boolean>;
  delete(name: string): Promise<void>;
  /** @param confirmed did somebody type what confirms it? */
  restore(name: string, confirmed: boolean, owner?: string): Promise<Started>;
}

/** Labels stand in the log: a line of their own in it could be taken for one of the app's. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

/** @param onFailure is told why a job failed */
export function operationsOf(service: BackupService, onFailure: (error: unknown) => void): Operations {
  const jobs = createJobs(onFailure);

  async function find(name: string): Promise<Backup> {
    // By the list: what is not in it does not exist for the dashboard, whatever the name looks like.
    const backup = (await service.knownBackups()).find((listed) => listed.name === name);
    if (!backup) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
    return backup;
  }

  return {
    jobs,
    get running() {
      const running = jobs.list.filter(({ state }) => state === 'running');
      return running.find(isWriter) ?? running.find(({ kind }) => kind === 'backup');
    },
    create({ label = BY_HAND }, owner) {
      if (typeof label !== 'string' || label.length > MAX_LABEL) throw new HttpError('ERR_DASHBOARD_BODY');
      return jobs.start({ kind: 'backup', key: '', owner }, async (control) => ({
        kind: 'backup',
        backup: await service.createBackup({ label: oneLine(label) || BY_HAND, ...control }),
      }));
    },
    find,
    async verify(name, { level = 'quick', back }, owner) {
      if (typeof level !== 'string' || !LEVELS.includes(level)) throw new HttpError('ERR_DASHBOARD_BODY');
      await find(name);
      const order = {
        kind: 'verify',
        key: `${level} ${name}`,
        name,
        owner,
        back: back === 'restore' ? back : undefined,
      } as const;
      return jobs.start(order, async (control) => ({
        kind: 'verify',
        report: await service.verifyBackup(name, { level: level as VerificationLevel, ...control }),
      }));
    },
    // `protected` as in a backup's JSON, `on` as in protectBackup(); forms have texts only.
    async protect(name, { on = true, protected: wanted = on }) {
      const value = wanted === 'true' || wanted === 'false' ? wanted === 'true' : wanted;
      if (typeof value !== 'boolean') throw new HttpError('ERR_DASHBOARD_BODY');
      await service.protectBackup(name, value);
      return value;
    },
    delete: (name) => service.deleteBackup(name),
    async restore(name, confirmed, owner) {
      await find(name);
      if (!confirmed) throw new HttpError('ERR_DASHBOARD_CONFIRMATION');
      return jobs.start({ kind: 'restore', key: name, name, owner }, async (control) => ({
        kind: 'restore',
        report: await service.restoreBackup(name, control),
      }));
    },
    ...rowsOperations(service, jobs, find),
  };
}
