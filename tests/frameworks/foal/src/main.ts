import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ApiInfo,
  Config,
  controller,
  createApp,
  dependency,
  Get,
  HttpResponseOK,
  OpenApi,
  ServiceManager,
} from '@foal/core';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import { announce, backupOptions, serviceFromContainer } from '../../support/app.js';
import { EDITIONS } from './edition.js';
import { invoicesController } from './invoices.controller.js';

@ApiInfo({ title: 'Invoices', version: '1.0.0' })
class AppController {
  @dependency
  readonly openApi!: OpenApi;

  readonly subControllers = EDITIONS.map((edition) => controller(`/${edition}`, invoicesController(edition)));

  @Get('/openapi.json')
  describe(): HttpResponseOK {
    return new HttpResponseOK(this.openApi.getDocument(AppController));
  }
}

async function main(): Promise<void> {
  Config.set('settings.loggerFormat', 'none');
  const backups = new BackupService(backupOptions);
  if (!serviceFromContainer) configureAutoBackup(backups);
  // Foal's container: what @dependency of this type gets.
  const serviceManager = new ServiceManager().set(BackupService, backups);

  const app = await createApp(AppController, { serviceManager });
  const server = createServer(app).listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
}

void main();
