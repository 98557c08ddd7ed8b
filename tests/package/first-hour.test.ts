import fs from 'node:fs';
import path from 'node:path';
import { checkLedger, createLedger } from '../support/databases';
import { resultOf, ROOT, tool, useConsumer } from './consumer';

// The first hour of a new user, with the packed package: the README's example as it is printed, and small apps of the kinds
// that most people have. CommonJS and a test suite are in runs.test.ts.
const consumer = useConsumer();

const DECORATORS = { compilerOptions: { target: 'es2022', experimentalDecorators: true, emitDecoratorMetadata: true } };

/** A project's own folder in the consumer, with a database at `instance/app.db`. */
function project(name: string): { folder: string; backups(): string[] } {
  const folder = consumer.file(name);
  const instance = path.join(folder, 'instance');
  fs.mkdirSync(instance, { recursive: true });
  createLedger(path.join(instance, 'app.db'), 'wal').close();
  return {
    folder,
    backups: () => fs.readdirSync(instance).filter((file) => /^app_backup_\d{8}_\d{6}\.db$/.test(file)),
  };
}

/** Runs a TypeScript file in the project's folder, as `npx tsx main.ts` does. */
function tsx(folder: string, main: string, env: NodeJS.ProcessEnv = {}) {
  const run = `process.chdir(${JSON.stringify(folder)}); process.argv[1] = ${JSON.stringify(tool('tsx'))};`;
  const args = ['--tsconfig', path.join(folder, 'tsconfig.json'), path.join(folder, main)];
  return consumer.node(['--import', `data:text/javascript,${encodeURIComponent(run)}`, tool('tsx'), ...args], env);
}

test.each([
  ['legacy', true],
  ['TC39', false],
])('the first example of the README runs as it is printed (%s decorators)', async (_, experimentalDecorators) => {
  const { folder, backups } = project(`readme-${experimentalDecorators}`);
  const [, example] = /```ts\n([^]*?)```/.exec(fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8'))!;
  fs.writeFileSync(path.join(folder, 'main.ts'), example!);
  consumer.write(path.join(path.basename(folder), 'tsconfig.json'), {
    compilerOptions: { target: 'es2022', module: 'nodenext', strict: true, experimentalDecorators },
  });
  const { code, output } = await tsx(folder, 'main.ts');
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain('Automatic backup created before Invoices.remove');
  expect(output).toContain('invoice 42 removed');
  expect(backups()).toHaveLength(1);
  expect(checkLedger(path.join(folder, 'instance', backups()[0]!))).toEqual({ entries: 0 });
});

test('Express with tsx, in ESM', async () => {
  const { folder, backups } = project('express-esm');
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(DECORATORS));
  fs.writeFileSync(
    path.join(folder, 'main.ts'),
    `
    import express from 'express';
    import Database from 'better-sqlite3';
    import { AutoBackup, configureAutoBackup } from 'sqlite-autobackup';

    configureAutoBackup({ database: 'instance/app.db' });
    const db = new Database('instance/app.db');

    class Entries {
      @AutoBackup()
      async wipe(): Promise<number> {
        return db.prepare('DELETE FROM entries').run().changes;
      }
    }

    const entries = new Entries();
    const app = express();
    app.post('/wipe', async (_request, response) => {
      response.json({ changes: await entries.wipe() });
    });
    const server = app.listen(0, '127.0.0.1', async () => {
      const answer = await fetch(\`http://127.0.0.1:\${server.address().port}/wipe\`, { method: 'POST' });
      console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));
      server.close();
    });`,
  );
  const result = await resultOf(tsx(folder, 'main.ts'));
  expect(result).toEqual({ status: 200, body: { changes: 0 } });
  expect(backups()).toHaveLength(1);
});

test('NestJS with TypeORM: a guard turns a visitor away before anything is backed up', async () => {
  const { folder, backups } = project('nest-typeorm');
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(DECORATORS));
  fs.writeFileSync(
    path.join(folder, 'main.ts'),
    `
    import 'reflect-metadata';
    import { Controller, Delete, Inject, Module, Param, UseGuards } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { AutoBackup, AutoBackupModule } from 'sqlite-autobackup/nestjs';
    import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';

    @Entity('invoices')
    class Invoice {
      @PrimaryGeneratedColumn() id!: number;
      @Column('text') customer!: string;
    }

    const source = new DataSource({
      type: 'better-sqlite3', database: 'instance/app.db', entities: [Invoice], synchronize: true,
    });

    class Login {
      canActivate(context) {
        return context.switchToHttp().getRequest().headers.authorization === 'Bearer owner';
      }
    }

    @Controller('invoices')
    class InvoicesController {
      constructor(@Inject(DataSource) private readonly data: DataSource) {}

      @Delete(':id')
      @UseGuards(new Login())
      @AutoBackup()
      async remove(@Param('id') id: string) {
        return this.data.getRepository(Invoice).delete(Number(id));
      }
    }

    @Module({
      imports: [AutoBackupModule.forRoot({ database: 'instance/app.db' })],
      controllers: [InvoicesController],
      providers: [{ provide: DataSource, useFactory: () => source.initialize() }],
    })
    class AppModule {}

    async function main() {
      const app = await NestFactory.create(AppModule, { logger: false });
      await app.listen(0, '127.0.0.1');
      await source.getRepository(Invoice).save({ customer: 'Ana' });
      const remove = (headers) => fetch(\`\${url}/invoices/1\`, { method: 'DELETE', headers });
      const url = await app.getUrl();
      const { readdirSync } = await import('node:fs');
      const count = () => readdirSync('instance').filter((name) => /_backup_.*\\.db$/.test(name)).length;
      const visitor = (await remove({})).status;
      const before = count();
      const owner = await remove({ authorization: 'Bearer owner' });
      console.log(JSON.stringify({ visitor, before, owner: owner.status, body: await owner.json(), after: count() }));
      await app.close();
      await source.destroy();
    }
    void main();`,
  );
  const result = await resultOf(tsx(folder, 'main.ts'));
  expect(result).toEqual({ visitor: 403, before: 0, owner: 200, body: { affected: 1, raw: [] }, after: 1 });
  expect(backups()).toHaveLength(1);
});
