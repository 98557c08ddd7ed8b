import type { Copies } from '../offsite/service-shippers.js';
import { Attempts } from './backup-runner.js';
import { claimNames } from '../catalog/claim-names.js';
import { Events } from '../util/events.js';
import { lines } from '../util/messages.js';
import { safeLogger } from '../util/logger.js';
import { resolveOptions } from './options.js';
import type { BackupServiceOptions } from './options.js';

export type Parts = ReturnType<typeof assemble>;

/** What a service consists of. A file of its own, which is loaded with the first service: requiring this package stays cheap. */
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- named by Parts
export function assemble(given: BackupServiceOptions) {
  const options = resolveOptions(given);
  claimNames(options);
  const log = safeLogger(options.logger);
  const events = new Events((event, error) => log.error(lines.listenerFailed(event, error)));
  let copies: Copies | undefined;
  if (options.copies.length > 0) {
    const shipping = require('../offsite/service-shippers.js') as typeof import('../offsite/service-shippers.js');
    copies = new shipping.Copies(options, log, events);
  }
  return { options, log, lines, events, copies, attempts: new Attempts(options, log, events) };
}
