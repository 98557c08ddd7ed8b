import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServiceShippers } from '../offsite/service-shippers.js';
import { refuseToBeTheChild } from '../child/start-child.js';
import { claimNames } from '../catalog/claim-names.js';
import { Events } from '../util/events.js';
import { runSync } from '../util/file-work.js';
import { FolderGate } from '../util/folder-gate.js';
import { messages } from '../util/messages.js';
import { safeLogger } from '../util/logger.js';
import { SerialQueue } from '../util/serial-queue.js';
import { offsite } from '../offsite/index.js';
import { ActivityRecorder } from '../activity/recorder.js';
import { BackupRunner } from './backup-runner.js';
import { DatabaseLooks } from './database-looks.js';
import { KnownBackups } from './known-backups.js';
import { DueBackups } from './due-backups.js';
import { EVENT_NAMES } from './events.js';
import type { BackupEvents } from './events.js';
import { ProofKeeper } from './proof-keeper.js';
import { resolveOptions } from './options.js';
import type { BackupServiceOptions, ResolvedOptions } from './options.js';
import { recordEvents } from './record-activity.js';
import { findSetUpFault } from './set-up.js';

/** The parts of a service. */
export interface ServiceContext {
  readonly options: ResolvedOptions;
  readonly log: ReturnType<typeof safeLogger>;
  readonly messages: typeof messages;
  readonly events: Events<BackupEvents>;
  /** All that an asynchronous method asks of the backup folder goes through here. */
  readonly gate: FolderGate;
  /** Absent without `copies`. */
  readonly copies: ServiceShippers | undefined;
  readonly runner: BackupRunner;
  readonly activity: ActivityRecorder;
  readonly due: DueBackups;
  readonly looks: DatabaseLooks;
  /** The list for pages. */
  readonly known: KnownBackups;
  readonly proofs: ProofKeeper;
  /** Explicit backups wait for one another here, not as a crowd of idle children. */
  readonly queue: SerialQueue;
}

export function createContext(given: BackupServiceOptions): ServiceContext {
  refuseToBeTheChild();
  const options = resolveOptions(given);
  if (options.enabled) claimNames(options);
  const log = safeLogger(options.logger);
  const fault = runSync(findSetUpFault(options));
  if (fault) log.warn(messages.setUp(fault));
  if (!options.enabled) log.warn(messages.disabled(given.enabled === false ? 'enabled: false' : 'BACKUP_ENABLED'));
  const events = new Events<BackupEvents>(EVENT_NAMES, (event, error) =>
    log.error(messages.listenerFailed(event, error)),
  );
  const gate = new FolderGate(options.directory);
  const activity = new ActivityRecorder(options, gate, log);
  recordEvents(events, activity);
  let copies: ServiceShippers | undefined;
  if (options.copies.length > 0) {
    const shippers = new (offsite().ServiceShippers)(options, log, events);
    // Copies are made in the background, on behalf of nobody's request.
    const inOwnContext = AsyncLocalStorage.snapshot();
    events.on('created', () => inOwnContext(() => shippers.wake()));
    copies = shippers;
  }
  const runner = new BackupRunner(options, log, events, gate, activity);
  const parts = { options, log, messages, events, gate, copies, runner, activity, queue: new SerialQueue() };
  const looks = new DatabaseLooks(options);
  const proofs = new ProofKeeper(parts);
  const due = new DueBackups({ ...parts, found: (latest) => proofs.wake(latest) });
  const known = new KnownBackups(options, gate, events);
  return { ...parts, due, looks, known, proofs };
}
