// An app in ESM, with a part in CommonJS: each has its own entry of sqlite-autobackup/nestjs.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AutoBackupModule, getBackupServiceToken } from 'sqlite-autobackup/nestjs';

const required = createRequire(import.meta.url)('sqlite-autobackup/nestjs');
const other = process.argv[2] === 'nest-one-name' ? {} : { name: 'orders' };

class App {}
Module({
  imports: [
    AutoBackupModule.forRoot({ database: 'app.db' }),
    required.AutoBackupModule.forRoot({ database: 'orders.db', ...other }),
  ],
})(App);

async function boot() {
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  return [undefined, 'orders'].map((name) => path.basename(app.get(getBackupServiceToken(name)).database));
}
console.log(JSON.stringify(await boot().catch((error) => error.code)));
