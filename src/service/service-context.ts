import type { ServiceShippers } from '../offsite/service-shippers.js';
import { BackupRunner } from './backup-runner.js';
import { claimNames } from '../catalog/claim-names.js';
import { Events } from '../util/events.js';
import { messages } from '../util/messages.js';
import { safeLogger } from '../util/logger.js';
import { resolveOptions } from './options.js';
import type { BackupServiceOptions } from './options.js';

export type ServiceContext = ReturnType<typeof createContext>;

/** What a service consists of. A file of its own, which is loaded with the first service: requiring this package stays cheap. */
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- named by Parts
export function createContext(given: BackupServiceOptions) {
  const options = resolveOptions(given);
  claimNames(options);
  const log = safeLogger(options.logger);
  const events = new Events((event, error) => log.error(messages.listenerFailed(event, error)));
  let copies: ServiceShippers | undefined;
  if (options.copies.length > 0) {
    const offsite = require('../offsite/service-shippers.js') as typeof import('../offsite/service-shippers.js');
    copies = new offsite.ServiceShippers(options, log, events);
  }
  return { options, log, messages, events, copies, runner: new BackupRunner(options, log, events) };
}
