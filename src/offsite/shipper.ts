import { hasHiddenManifest } from '../catalog/backup.js';
import type { Backup } from '../catalog/backup.js';
import { listBackups, readBackup } from '../catalog/list-backups.js';
import { BackupError } from '../util/errors.js';
import type { OffsiteEmitter } from './events.js';
import { backoffMs } from '../util/backoff.js';
import { SerialQueue } from '../util/serial-queue.js';
import { messages } from '../util/messages.js';
import { traced } from '../util/tracing.js';
import type { Logger } from '../util/logger.js';
import { runAsync } from '../util/file-work.js';
import { clearInterval, clearTimeout, MAX_TIMER_MS, setInterval, setTimeout } from '../util/timers.js';
import { lockTimeout } from '../util/busy-errors.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { storeCancelled, throwIfAborted } from '../stores/backup-store.js';
import { asBackupError, sweepUploads } from './store-calls.js';
import { copyKey, keyPrefix } from './copy-name.js';
import { writeRecord } from './copy-record.js';
import type { CopyRecord } from './copy-record.js';
import { recordError, recordOf, recordView } from './ship-target.js';
import type { ShipTarget } from './ship-target.js';
import { pendingBackups, retryInMs } from './pending.js';
import { reconcile } from './reconcile.js';
import { shipOne } from './ship-one.js';
import { carrierFor } from './carrier.js';
import type { Carrier } from './carrier.js';
import { startShipChild } from './ship-child.js';
import type { ShipChild } from './ship-child.js';

/** The report of a `shipPending()` for one store. */
export interface ShipReport {
  readonly store: string;
  /** Names of the backups that were copied now. */
  readonly shipped: readonly string[];
  /** Names of the backups that still have no copy there. */
  readonly pending: readonly string[];
  readonly errors: readonly BackupError[];
}

/** Soon after a backup was published; a script that ends right then is not held up. */
const WAKE_MS = 100;
/** After the start of the service: what an earlier process has left. */
const FIRST_LOOK_MS = 5_000;
/** Another process is shipping; it may die. */
const BUSY_LOOK_MS = 60_000;

/** These say something about one backup, not about the store: the others are shipped all the same. */
const OF_ONE_BACKUP = new Set(['ERR_BACKUP_COPY_DAMAGED', 'ERR_BACKUP_COPY_EXISTS', 'ERR_BACKUP_NOT_FOUND']);

/** Ships to one store, one backup at a time. Reads finished backups only, and never throws into the app. */
export class Shipper {
  /** The backup that this process ships now. */
  shippingNow: string | undefined;
  readonly target: ShipTarget;
  readonly #options: { readonly database: string; readonly timeoutMs: number };
  readonly #log: Logger;
  readonly #events: OffsiteEmitter;
  readonly #queue = new SerialQueue();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  constructor(
    target: ShipTarget,
    options: { readonly database: string; readonly timeoutMs: number },
    log: Logger,
    events: OffsiteEmitter,
  ) {
    this.target = target;
    this.#options = options;
    this.#log = log;
    this.#events = events;
    this.#lookIn(FIRST_LOOK_MS);
  }

  /** There may be something to ship. Returns at once. */
  wake(): void {
    this.#lookIn(WAKE_MS);
  }

  /** Ships all that is pending now, whatever failed a moment ago, and waits for other processes that ship. */
  async ship(control: StoreControl): Promise<ShipReport> {
    // Nothing of a shipping keeps the process alive, but whoever waits for it here does.
    const alive = setInterval(() => {}, MAX_TIMER_MS);
    try {
      return await this.#queue.run(() => this.#run(control, true), control.signal, storeCancelled);
    } finally {
      clearInterval(alive);
    }
  }

  /** Backups without a copy, newest first. */
  async pending(known?: CopyRecord): Promise<Backup[]> {
    const record = known ?? (await runAsync(recordView(this.target)));
    return pendingBackups(await this.#backups(), record, this.target.settings.retention, new Date());
  }

  #backups(): Promise<Backup[]> {
    return runAsync(listBackups(this.target, Date.now()));
  }

  #lookIn(ms: number): void {
    const at = Date.now() + ms;
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity;
        void this.#queue
          .run(() => this.#run({}, false), undefined)
          .catch((error: unknown) => {
            this.#log.error(
              messages.copyFailed(this.target.store.name, undefined, asBackupError(error, this.target.store.name)),
            );
            this.#lookIn(BUSY_LOOK_MS);
          });
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    this.#timer.unref();
  }

  async #run(control: StoreControl, explicit: boolean): Promise<ShipReport> {
    const shipped: string[] = [];
    const errors: BackupError[] = [];
    const tried = new Set<string>();
    const unusable = await runAsync(recordError(this.target));
    if (unusable) {
      errors.push(unusable);
      await this.#fail(unusable, undefined, false);
    }
    while (!unusable) {
      throwIfAborted(control.signal);
      const waitMs = await this.#retryInMs();
      const next = (await this.pending()).find(({ name }) => !tried.has(name));
      if (!next) break;
      if (!explicit && errors.length === 0 && waitMs > 0) {
        this.#lookIn(waitMs);
        break;
      }
      tried.add(next.name);
      const end = await this.#shipUnderLock(next, control, explicit);
      if (end === 'shipped') shipped.push(next.name);
      else if (end === 'busy') {
        if (explicit) errors.push(lockTimeout(`${this.#options.timeoutMs / 1000} s`));
        else this.#lookIn(BUSY_LOOK_MS);
        break;
      } else if (end instanceof BackupError) {
        errors.push(end);
        if (!OF_ONE_BACKUP.has(end.code)) break;
      }
    }
    if (errors.length > 0) {
      const { failure } = await runAsync(recordView(this.target));
      this.#lookIn(failure && !unusable ? Math.max(WAKE_MS, await this.#retryInMs()) : BUSY_LOOK_MS);
    }
    const pending = (await this.pending()).map(({ name }) => name);
    return { store: this.target.store.name, shipped, pending, errors };
  }

  /** 0: nothing has failed, or it may be tried again now. */
  async #retryInMs(): Promise<number> {
    const { failure } = await runAsync(recordView(this.target));
    return retryInMs(failure, this.target.retryAfterMs, Date.now());
  }

  async #shipUnderLock(
    backup: Backup,
    control: StoreControl,
    patient: boolean,
  ): Promise<'shipped' | 'settled' | 'busy' | BackupError> {
    const { target } = this;
    const { store, settings } = target;
    let child: ShipChild | undefined;
    try {
      const request = {
        path: backup.path,
        sizeBytes: backup.sizeBytes,
        sha256: backup.sha256!,
        database: this.#options.database,
        lockFile: target.lockFile,
        waitMs: patient ? this.#options.timeoutMs : 1,
        ...(settings.compress && { compress: settings.compress }),
        ...(settings.encrypt && { encrypt: settings.encrypt }),
        ...(store.recipe && { recipe: store.recipe }),
      };
      child = await startShipChild(request, control.signal);
      if (!child) return 'busy';
      // Under the lock nobody else writes the record: look again whether this one is still to be shipped.
      const record = await runAsync(recordOf(target));
      if (record.shipped[backup.name] || !readBackup(target, backup.name, Date.now())) return 'settled';
      await this.#shipAndRecord(backup, carrierFor(store, request, child), record, control);
      return 'shipped';
    } catch (error) {
      // The caller who cancelled knows it.
      throwIfAborted(control.signal);
      const failure = asBackupError(error, store.name);
      if (failure.code === 'ERR_BACKUP_NOT_FOUND' && (await this.#isDeleted(backup))) {
        this.#log.info(messages.deletedBeforeCopied(backup, store.name));
        return 'settled';
      }
      await this.#fail(failure, backup.name, child !== undefined);
      return failure;
    } finally {
      this.shippingNow = undefined;
      await child?.close();
    }
  }

  async #shipAndRecord(backup: Backup, carrier: Carrier, before: CopyRecord, control: StoreControl): Promise<void> {
    const { settings, host, recordFile, naming } = this.target;
    const { store } = carrier;
    const startedAt = performance.now();
    this.shippingNow = backup.name;
    let record = before;
    if (record.sweep === true) {
      await sweepUploads(store, keyPrefix(host, naming.prefix), control).catch((error: unknown) => {
        // Its permission may be missing. That costs room in the store, but no copy.
        this.#log.warn(messages.sweepFailed(store.name, asBackupError(error, store.name)));
      });
    }
    const key = copyKey(host, backup.name, settings);
    const oursToReplace = record.attempt?.key === key;
    const beforePut = async (): Promise<void> => {
      record = { ...record, attempt: { name: backup.name, key, startedAt: new Date().toISOString() }, sweep: true };
      await writeRecord(recordFile, record);
    };
    const { database } = this.#options;
    const trace = { operation: 'ship', database, backup: backup.name, store: store.name } as const;
    const order = { carrier, settings, host, backup, oursToReplace, beforePut };
    const copy = await traced(trace, control, () => shipOne(order, control));

    const { failure, formatVersion, store: title } = record;
    const rest = { formatVersion, store: title, shipped: record.shipped };
    record = {
      ...rest,
      shipped: { ...rest.shipped, [backup.name]: copy },
      // A failure of another backup stays until that one is shipped or gone.
      ...(failure && failure.name !== backup.name && (await this.#isPending(failure.name, rest)) && { failure }),
    };
    await writeRecord(recordFile, record);
    const durationMs = Math.round(performance.now() - startedAt);
    this.#log.info(messages.copied(backup, store.name, copy.sizeBytes, durationMs));
    this.#events.emit('copied', { backup, store: store.name, key: copy.key, sizeBytes: copy.sizeBytes, durationMs });
    if ((await this.pending(record)).length === 0) await this.#reconcile(record, store, control);
  }

  /** Its owner or retention deleted it while it was being shipped, which is no failure. A folder that is away is one. */
  async #isDeleted({ name }: Backup): Promise<boolean> {
    const backups = await this.#backups().catch(() => undefined);
    return backups !== undefined && !backups.some((backup) => backup.name === name);
  }

  async #isPending(name: string | undefined, record: CopyRecord): Promise<boolean> {
    return name !== undefined && (await this.pending(record)).some((backup) => backup.name === name);
  }

  /** The copy is made, whatever becomes of the old ones. */
  async #reconcile(record: CopyRecord, store: BackupStore, control: StoreControl): Promise<void> {
    const { recordFile } = this.target;
    try {
      const backups = await this.#backups();
      const names = new Set(backups.map(({ name }) => name));
      const kept = new Set(backups.filter((b) => b.protected || hasHiddenManifest(b)).map(({ name }) => name));
      const after = await reconcile({ ...this.target, store }, this.#options.database, record, names, kept, control);
      await writeRecord(recordFile, after.record);
      for (const { name, error } of after.failed) this.#log.error(messages.copyPruneFailed(store.name, name, error));
      if (after.removed.length === 0) return;
      this.#log.info(messages.copiesPruned(store.name, after.removed, after.kept));
      this.#events.emit('copies-pruned', { store: store.name, removed: after.removed, kept: after.kept });
    } catch (error) {
      if (control.signal?.aborted) return;
      const failure = asBackupError(error, store.name);
      this.#log.error(messages.copyPruneFailed(store.name, undefined, failure));
      this.#events.emit('copy-failed', { store: store.name, error: failure });
    }
  }

  async #fail(error: BackupError, name: string | undefined, locked: boolean): Promise<void> {
    const { store, recordFile, retryAfterMs } = this.target;
    const record = await runAsync(recordView(this.target));
    const failures = (record.failure?.failures ?? 0) + 1;
    const now = Date.now();
    const retryAt = new Date(now + backoffMs(retryAfterMs, failures));
    this.#log.error(messages.copyFailed(store.name, name, error, retryAt));
    this.#events.emit('copy-failed', { store: store.name, ...(name !== undefined && { name }), error, retryAt });
    // Only the holder of the lock writes.
    if (!locked || (await runAsync(recordError(this.target)))) return;
    const { code, message } = error;
    const times = { at: new Date(now).toISOString(), failures, retryAt: retryAt.toISOString() };
    const failure = { ...(name !== undefined && { name }), code, message, ...times };
    // An object that made the store refuse a put is not ours to remove.
    const { attempt, ...rest } = record;
    const keptAttempt = attempt && code !== 'ERR_BACKUP_COPY_EXISTS' && { attempt };
    await writeRecord(recordFile, { ...rest, ...keptAttempt, failure }).catch(() => {
      // The disk of the folder is full: that is reported by the backups themselves.
    });
  }
}
