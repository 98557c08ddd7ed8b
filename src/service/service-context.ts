import type { ServiceShippers } from '../offsite/service-shippers.js';
import { BackupRunner } from './backup-runner.js';
import { claimNames } from '../catalog/claim-names.js';
import { Events } from '../util/events.js';
import type { BackupEvents } from './events.js';
import { messages } from '../util/messages.js';
import { safeLogger } from '../util/logger.js';
import { resolveOptions } from './options.js';
import type { BackupServiceOptions, ResolvedOptions } from './options.js';

/** What a service consists of. */
export interface ServiceContext {
  readonly options: ResolvedOptions;
  readonly log: ReturnType<typeof safeLogger>;
  readonly messages: typeof messages;
  readonly events: Events<BackupEvents>;
  /** Absent without `copies`. */
  readonly copies: ServiceShippers | undefined;
  readonly runner: BackupRunner;
}

/** In a file of its own, loaded with the first service: requiring this package stays cheap. */
export function createContext(given: BackupServiceOptions): ServiceContext {
  const options = resolveOptions(given);
  claimNames(options);
  const log = safeLogger(options.logger);
  const events = new Events<BackupEvents>((event, error) => log.error(messages.listenerFailed(event, error)));
  let copies: ServiceShippers | undefined;
  if (options.copies.length > 0) {
    const offsite = require('../offsite/service-shippers.js') as typeof import('../offsite/service-shippers.js');
    const shippers = new offsite.ServiceShippers(options, log, events);
    events.on('created', () => shippers.wake());
    copies = shippers;
  }
  return { options, log, messages, events, copies, runner: new BackupRunner(options, log, events) };
}
