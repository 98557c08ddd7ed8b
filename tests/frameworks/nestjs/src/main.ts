import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { Module, ValidationPipe } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { configureAutoBackup } from 'sqlite-autobackup';
import { AutoBackupModule } from 'sqlite-autobackup/nestjs';
import * as app from '../../support/app.js';
import { controller } from './invoices.js';

if (!app.serviceFromContainer) configureAutoBackup(app.backupOptions);

@Module({
  imports: app.serviceFromContainer ? [AutoBackupModule.forRoot(app.backupOptions)] : [],
  controllers: ['none', 'above', 'between', 'below'].map(controller),
})
class AppModule {}

async function main(): Promise<void> {
  const quiet = { logger: false, abortOnError: false } as const;
  const nest: INestApplication =
    process.argv[2] === 'fastify'
      ? await NestFactory.create(AppModule, new FastifyAdapter(), quiet)
      : await NestFactory.create(AppModule, quiet);
  nest.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  const document = SwaggerModule.createDocument(nest, new DocumentBuilder().build());
  SwaggerModule.setup('docs', nest, document, { ui: false, jsonDocumentUrl: 'openapi.json' });
  await nest.listen(0, '127.0.0.1');
  app.announce(((nest.getHttpServer() as Server).address() as AddressInfo).port);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
