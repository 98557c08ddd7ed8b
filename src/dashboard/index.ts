import type { BackupService } from '../service/backup-service.js';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { lazy } from '../util/lazy.js';
import { resolveDashboard } from './options.js';
import type { Dashboard, DashboardOptions } from './options.js';

export type { Dashboard, DashboardOptions, DashboardRights, DashboardVisitor } from './options.js';

// Importing this entry point works, and costs nothing, without hono.
const mounting = lazy('optional peer', () => require('./mount.js') as typeof import('./mount.js'));

/**
 * A web page and an API over the backups of one service, or of several by name. Nobody gets in whom `authorize` does not
 * let in. Needs the packages hono and, for `node()`, @hono/node-server.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS` without `authorize` or with another wrong option, `ERR_BACKUP_PEER_MISSING`
 */
export function createDashboard<Context = unknown>(
  services: BackupService | Readonly<Record<string, BackupService>>,
  options: DashboardOptions<Context>,
): Dashboard<Context> {
  const resolved = resolveDashboard(services, options);
  try {
    return mounting().mount(resolved);
  } catch (cause) {
    if (systemCode(cause) !== 'MODULE_NOT_FOUND' || !/'(@?hono\b[^']*)'/.test(messageOf(cause))) throw cause;
    throw new BackupError('ERR_BACKUP_PEER_MISSING', 'The dashboard needs hono and @hono/node-server.', {
      step: 'options',
      hint: 'Run: npm install hono @hono/node-server',
      cause,
    });
  }
}
