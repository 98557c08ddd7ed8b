import type { Alarm } from '../notify/alarm.js';
import { notifications } from '../notify/index.js';
import type { Notifier } from '../notify/notifier.js';
import { BackupError, isBackupError, messageOf } from '../util/errors.js';
import type { Purpose } from '../util/messages.js';
import { clearTimeout, MAX_TIMER_MS, setTimeout } from '../util/timers.js';
import { failedVerification, judgeAlarms, overdueAt } from './alarms.js';
import type { AlarmReport } from './alarms.js';
import { hasChangedSince } from './changed-since.js';
import type { ServiceContext } from './service-context.js';
import { readStatus } from './status.js';

/** Looks for what somebody should know, when something happens and in between, and has it told. */
export class Monitor {
  readonly notifier: Notifier;
  /** Ends the looks that were started. */
  stop = (): void => {};
  readonly #context: ServiceContext;
  readonly #rules;
  /** How many results of verifications have come. */
  #verified = 0;
  #looking: Promise<AlarmReport> | undefined;

  constructor(context: ServiceContext) {
    const { options, log, events } = context;
    this.#context = context;
    this.#rules = notifications().alarmRules(options.notify);
    this.notifier = new (notifications().Notifier)(options, options.notify ?? {}, log, (message) =>
      events.emit('alarm', message),
    );
    if (options.notify) this.#listen();
  }

  /** An attempt begins; the returned function is told how it ends. */
  readonly attempt = ({ label = '' }: Purpose): ((failure?: unknown) => void) => {
    this.notifier.beat('start', label);
    return (failure) => {
      // A caller that gave up says nothing about the backups.
      const isWell = failure === undefined || isBackupError(failure, 'ERR_BACKUP_CANCELLED');
      this.notifier.beat(isWell ? 'success' : 'fail', isWell ? label : messageOf(failure));
    };
  };

  /** Resolves when no look is under way, and all messages were tried once. */
  async whenIdle(): Promise<void> {
    await this.#looking;
    await this.notifier.whenIdle();
  }

  /** Looks now and every `everyMs`, until the returned function is called, or this one again. Keeps no process alive. */
  start(everyMs: number): () => void {
    let stopped = false;
    this.stop();
    const stop = (this.stop = () => {
      stopped = true;
      clearTimeout(timer);
    });
    const tick = async (): Promise<void> => {
      this.beat(await this.look());
      if (!stopped) timer = setTimeout(() => void tick(), Math.min(everyMs, MAX_TIMER_MS)).unref();
    };
    let timer = setTimeout(() => void tick(), 0).unref();
    return stop;
  }

  /** What all is well, or not, means for a dead man's switch. */
  beat({ alarms }: AlarmReport): void {
    const text = alarms.map((alarm) => alarm.text).join('\n');
    this.notifier.beat(alarms.some(({ level }) => level === 'critical') ? 'fail' : 'success', text);
  }

  /** Never rejects. Calls at the same time share one look. */
  look(): Promise<AlarmReport> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<AlarmReport> {
    const { options } = this.#context;
    const verified = this.#verified;
    const status = await readStatus(this.#context).catch(asBackupError);
    const known = isBackupError(status) ? undefined : status;
    const mayBeOverdue = known?.latest && Date.now() >= overdueAt(known.latest, options.intervalMs, this.#rules);
    const changed = mayBeOverdue ? await hasChangedSince(options, known.latest) : undefined;
    const { raised, judged } = judgeAlarms(status, changed, this.#rules, options.intervalMs, Date.now());
    const others: Alarm[] = [];
    for (const { since, ...alarm } of await this.notifier.lasting()) {
      const isRaised = raised.some(({ kind, about }) => kind === alarm.kind && about === alarm.about);
      const isOver =
        alarm.kind === 'failed'
          ? known?.latest && !known.lastFailure && since !== undefined && known.latest.createdAt > new Date(since)
          : judged.has(alarm.kind) && !isRaised;
      if (isOver) await this.notifier.settle(alarm, 'It is as it should be again.');
      else if (!isRaised) others.push(alarm);
    }
    for (const alarm of raised) {
      // A result that came since the status was read knows better, and has been told: the next look sees it.
      const isOutdated = alarm.kind === 'verification-failed' && verified !== this.#verified;
      if (!isOutdated) await this.notifier.raise(alarm);
    }
    return { alarms: [...raised, ...others], status: known };
  }

  #listen(): void {
    const { events } = this.#context;
    const { notifier } = this;
    const look = (): void => void this.look();
    events.on('failed', ({ error, label, retryAt }) => {
      // Without a time of the next try it is the pruning that has failed; the backup is made.
      if (!retryAt) return;
      const what = label === undefined ? 'A backup' : `The backup before ${label}`;
      const text = `${what} failed [${error.code}]: ${error.message}`;
      void notifier.raise({ kind: 'failed', level: 'critical', text }, this.#rules.failedAfter);
    });
    events.on('created', ({ backup }) => {
      void notifier.settle({ kind: 'failed' }, `${backup.name} was taken.`);
      look();
    });
    events.on('copied', look);
    events.on('copy-failed', look);
    events.on('verified', ({ name, level, ok, problems, recorded }) => {
      this.#verified++;
      if (ok) void notifier.settle({ kind: 'verification-failed', about: name }, `${name} is good.`);
      else if (recorded) void notifier.raise(failedVerification(name, level, problems));
      // No later look knows of it, so none could tell that it is over.
      else notifier.mention(failedVerification(name, level, problems));
    });
    events.on('copy-verified', ({ name, store, level, ok, problems }) => {
      const about = `${name} in ${store}`;
      if (ok) return void notifier.settle({ kind: 'copy-damaged', about }, `${about} is good.`);
      const text = `${about} has failed its verification (${level}): ${problems.slice(0, 3).join('; ')}.`;
      void notifier.raise({ kind: 'copy-damaged', about, level: 'critical', text });
    });
    events.on('copies-pruned', ({ store, removed }) => {
      // Nobody can find it good any more.
      for (const name of removed) {
        const about = `${name} in ${store}`;
        void notifier.settle({ kind: 'copy-damaged', about }, `${about} was removed from the store.`);
      }
    });
    events.on('pruned', ({ missed = [] }) => {
      if (missed.length === 0) return;
      const names = missed.map(({ name }) => name).join(', ');
      const text = `Removed before they were copied off the machine, as the disk has no room to keep them: ${names}.`;
      notifier.mention({ kind: 'removed-before-copied', level: 'critical', text });
    });
    events.on('restored', ({ name, path, safetyBackup, method }) => {
      if (method === 'copy') return;
      const before = safetyBackup === undefined ? '' : ` The state before is in ${safetyBackup}.`;
      notifier.mention({ kind: 'restored', level: 'info', text: `${name} was restored to "${path}".${before}` });
    });
  }
}

function asBackupError(error: unknown): BackupError {
  if (isBackupError(error)) return error;
  return new BackupError('ERR_BACKUP_LIST_FAILED', `The state of the backups is not known (${messageOf(error)}).`, {
    step: 'list',
    hint: 'Look at the database and the backup folder.',
  });
}
