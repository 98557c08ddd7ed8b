import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { InversifyExpressHttpAdapter } from '@inversifyjs/http-express';
import { InversifyValidationErrorFilter } from '@inversifyjs/http-validation';
import { StandardSchemaValidationPipe } from '@inversifyjs/standard-schema-validation';
import type { Express } from 'express';
import { Container } from 'inversify';
import type { Newable } from 'inversify';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import { announce, backupOptions, serviceFromContainer } from '../../support/app.js';
import { EDITIONS } from './edition.js';
import { Admins, LoggedIn, MarkAnswer, MarkRequest } from './guards.js';
import { invoicesController } from './invoices.controller.js';

const backups = new BackupService(backupOptions);
if (!serviceFromContainer) configureAutoBackup(backups);

const container = new Container();
container.bind(BackupService).toConstantValue(backups);
const parts: Newable[] = [LoggedIn, Admins, MarkRequest, MarkAnswer, InversifyValidationErrorFilter];
for (const part of [...parts, ...EDITIONS.map(invoicesController)]) container.bind(part).toSelf().inSingletonScope();

const adapter = new InversifyExpressHttpAdapter(container, { logger: false });
adapter.useGlobalPipe(new StandardSchemaValidationPipe());
adapter.useGlobalFilters(InversifyValidationErrorFilter);
const app = (await adapter.build()) as Express;

const server = app.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
