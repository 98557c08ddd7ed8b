import { AuthenticationComponent, registerAuthenticationStrategy } from '@loopback/authentication';
import { AuthorizationComponent, AuthorizationTags } from '@loopback/authorization';
import { RestApplication } from '@loopback/rest';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import { announce, backupOptions, serviceFromContainer } from '../../support/app.js';
import { EDITIONS } from './edition.js';
import { invoicesController } from './invoices.controller.js';
import { byRole, HeaderStrategy } from './security.js';

async function main(): Promise<void> {
  const backups = new BackupService(backupOptions);
  if (!serviceFromContainer) configureAutoBackup(backups);

  const app = new RestApplication({ rest: { host: '127.0.0.1', port: 0 } });
  app.component(AuthenticationComponent);
  registerAuthenticationStrategy(app, HeaderStrategy);
  app.component(AuthorizationComponent);
  app.bind('authorizers.byRole').to(byRole).tag(AuthorizationTags.AUTHORIZER);
  // LoopBack's container: what @inject('services.backups') gets.
  app.bind('services.backups').to(backups);
  for (const edition of EDITIONS) app.controller(invoicesController(edition), `Invoices-${edition}`);

  await app.start();
  announce(Number(new URL(app.restServer.url!).port));
}

void main();
