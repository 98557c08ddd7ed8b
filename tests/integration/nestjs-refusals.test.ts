import { Controller, Module, Post } from '@nestjs/common';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AutoBackup as CoreAutoBackup } from 'sqlite-autobackup';
import { AutoBackup, AutoBackupModule } from 'sqlite-autobackup/nestjs';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

@Controller('invoices')
class Invoices {
  constructor() {
    Object.freeze(this);
  }

  @Post()
  @AutoBackup({ onFailure: 'abort' })
  async create(): Promise<string> {
    return 'created';
  }

  @Post('core')
  @CoreAutoBackup()
  async core(): Promise<string> {
    return 'created';
  }
}

test.each([
  ['Express', undefined],
  ['Fastify', () => new FastifyAdapter()],
])(
  'without a backup the answer is 503 with Retry-After and no path; frozen objects and the core’s decorator work, on %s',
  async (_, adapter) => {
    const snapshotter = fakeSnapshotter();
    snapshotter.failure = new Error(`no such luck in ${folder.path}`);
    const options = { database: folder.file('app.db'), snapshotter, logger: memoryLogger() };
    @Module({ imports: [AutoBackupModule.forRoot(options)], controllers: [Invoices] })
    class App {}
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
    const quiet: NestApplicationOptions = { logger: false, abortOnError: false };
    const app: INestApplication = adapter
      ? await NestFactory.create(App, adapter(), quiet)
      : await NestFactory.create(App, quiet);
    try {
      await app.listen(0, '127.0.0.1');
      const post = async (route: string) =>
        fetch((await app.getUrl()) + route, { method: 'POST', headers: { connection: 'close' } });
      for (let i = 0; i < 2; i++) {
        const response = await post('/invoices');
        expect(response.status).toBe(503);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
        const text = await response.text();
        expect(JSON.parse(text)).toMatchObject({ statusCode: 503, code: expect.stringMatching(/^ERR_BACKUP_/) });
        expect(text).not.toContain(folder.path);
      }
      expect(await (await post('/invoices/core')).text()).toBe('created');
    } finally {
      await app.close();
    }
  },
);
