import type { IncomingMessage, ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { BackupService } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import type { DashboardOptions } from 'sqlite-autobackup/dashboard';
import { Sessions, tokenOf } from './auth';

/**
 * The backups at /backups, for whoever is logged in at the till. Everybody else is sent to the login.
 *
 * @param options the names that the shop is served under, other than localhost; a logger that is not the console
 */
export function mountDashboard(
  app: INestApplication,
  backups: BackupService,
  options: Pick<DashboardOptions, 'hosts' | 'logger'> = {},
): void {
  const sessions = app.get(Sessions);
  const dashboard = createDashboard(backups, {
    authorize: (request) =>
      sessions.has(tokenOf(Object.fromEntries(request.headers))) && {
        name: 'the owner',
        view: true,
        create: true,
        download: true,
        delete: true,
        restore: true,
        browse: true,
        recover: true,
      },
    title: 'Backups of the shop',
    ...options,
  });

  const loginFirst = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const wantsPage = request.method === 'GET' && request.headers.accept?.includes('text/html');
    if (!wantsPage || sessions.has(tokenOf(request.headers))) next();
    else response.writeHead(303, { Location: '/login' }).end();
  };
  app.use('/backups', loginFirst, dashboard.node);
}
