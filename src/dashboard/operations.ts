import type {
  Backup,
  BackupProgress,
  BackupService,
  RestoreReport,
  VerificationLevel,
  VerifyReport,
} from '../index.js';
import { HttpError } from './http-error.js';

const LEVELS: readonly string[] = ['hash', 'quick', 'full', 'drill'] satisfies VerificationLevel[];
const MAX_LABEL = 200;
/** The label of a backup that nobody gave one. */
export const BY_HAND = 'dashboard';

/** The actions on the backups of one service, for the pages and the API. Each turns the fields of a body into a call. */
export interface Operations {
  /** Presses while one is being made join it: an impatient crowd gets one backup. */
  create(fields: Fields): Promise<Backup>;
  /** Progress of the backup that `create` is making now. */
  readonly progress: BackupProgress | undefined;
  /** Calls `listener` at each step of it. @returns ends that */
  onProgress(listener: () => void): () => void;
  find(name: string): Promise<Backup>;
  verify(name: string, fields: Fields): Promise<VerifyReport>;
  protect(name: string, fields: Fields): Promise<boolean>;
  delete(name: string): Promise<void>;
  /** @param typed what somebody typed to confirm it; must be the name */
  restore(name: string, typed: unknown): Promise<RestoreReport>;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Labels stand in the log: a line of their own in it could be taken for one of the app's. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

export function operationsOf(service: BackupService): Operations {
  let creating: Promise<Backup> | undefined;
  let progress: BackupProgress | undefined;
  const listeners = new Set<() => void>();
  const report = (now: BackupProgress): void => {
    progress = now;
    for (const listener of listeners) listener();
  };

  async function createOne(label: string): Promise<Backup> {
    report({ step: 'start', doneBytes: 0, totalBytes: 0 });
    try {
      return await service.createBackup({ label, onProgress: report });
    } finally {
      creating = progress = undefined;
    }
  }

  async function find(name: string): Promise<Backup> {
    // By the list: what is not in it does not exist for the dashboard, whatever the name looks like.
    const backup = (await service.listBackups()).find((listed) => listed.name === name);
    if (!backup) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
    return backup;
  }

  return {
    get progress() {
      return progress;
    },
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    create({ label = BY_HAND }) {
      if (typeof label !== 'string' || label.length > MAX_LABEL) throw new HttpError('ERR_DASHBOARD_BODY');
      return (creating ??= createOne(oneLine(label) || BY_HAND));
    },
    find,
    async verify(name, { level = 'quick' }) {
      if (typeof level !== 'string' || !LEVELS.includes(level)) throw new HttpError('ERR_DASHBOARD_BODY');
      return service.verifyBackup(name, { level: level as VerificationLevel });
    },
    // `protected` as in a backup's JSON, `on` as in protectBackup(); forms have texts only.
    async protect(name, { on = true, protected: wanted = on }) {
      const value = wanted === 'true' || wanted === 'false' ? wanted === 'true' : wanted;
      if (typeof value !== 'boolean') throw new HttpError('ERR_DASHBOARD_BODY');
      await service.protectBackup(name, value);
      return value;
    },
    delete: (name) => service.deleteBackup(name),
    async restore(name, typed) {
      await find(name);
      if (typed !== name) throw new HttpError('ERR_DASHBOARD_CONFIRMATION');
      return service.restoreBackup(name);
    },
  };
}
