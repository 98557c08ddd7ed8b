import type { AddressInfo } from 'node:net';
import '@tsed/ajv';
import { Controller, injectable } from '@tsed/di';
import { PlatformExpress } from '@tsed/platform-express';
import { Get, getSpec } from '@tsed/schema';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import { announce, backupOptions, serviceFromContainer } from '../../support/app.js';
import { ClosedController } from './closed.controller.js';
import { EDITIONS } from './edition.js';
import { invoicesController } from './invoices.controller.js';

const backups = new BackupService(backupOptions);
if (!serviceFromContainer) configureAutoBackup(backups);
injectable(BackupService).factory(() => backups);

const controllers = EDITIONS.map(invoicesController);

@Controller('/openapi.json')
class OpenApiController {
  @Get('/')
  get(): object {
    const operationIdFormatter = (_name: string, method: string, path: string) => `${method} ${path}`;
    return getSpec(
      controllers.map((token) => ({ token, rootPath: '/' })),
      { operationIdFormatter },
    );
  }
}

const platform = await PlatformExpress.bootstrap({
  acceptMimes: ['application/json', 'text/csv'],
  middlewares: ['json-parser'],
  // The answers are compared: without a number that is new in each.
  logger: { level: 'off', reqIdBuilder: () => 'a-request', disableRoutesSummary: true, disableBootstrapLog: true },
  mount: { '/': [...controllers, ClosedController, OpenApiController] },
});
const server = platform.app.getApp().listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
