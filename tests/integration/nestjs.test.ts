import fs from 'node:fs';
import { Body, Controller, Get, Injectable, Module, Post, Scope, UseGuards, applyDecorators } from '@nestjs/common';
import type {
  CanActivate,
  ExecutionContext,
  INestApplication,
  LoggerService,
  NestApplicationOptions,
  Type,
} from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import {
  AutoBackup,
  AutoBackupHealthIndicator,
  AutoBackupModule,
  getBackupServiceToken,
  InjectBackupService,
} from 'sqlite-autobackup/nestjs';
import type { AutoBackupOptionsFactory } from 'sqlite-autobackup/nestjs';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { rejectionOf, thrownBy } from '../support/errors';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { memoryLogger } from '../support/memory-logger';
import { until, useScripts } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, checkBackups } from '../support/whole-backups';

const run = useScripts();
const folder = useTempFolder();
const opened: INestApplication[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

/** A folder with a database of its own, with one entry. */
function database(name: string): { file: string; directory: string; logger: ReturnType<typeof memoryLogger> } {
  const directory = folder.file(name);
  fs.mkdirSync(directory);
  const db = createLedger(folder.file(name, 'app.db'), 'wal');
  addEntry(db);
  db.close();
  return { file: folder.file(name, 'app.db'), directory, logger: memoryLogger() };
}

async function start(root: Type, adapter?: FastifyAdapter, logger: LoggerService | false = false) {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  const options: NestApplicationOptions = { logger, abortOnError: false };
  const app = adapter ? await NestFactory.create(root, adapter, options) : await NestFactory.create(root, options);
  opened.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

/** A connection for each: one that was idle for seconds may be closed just when it is used again. */
const CLOSE = { connection: 'close' };

async function post(app: INestApplication, url: string): Promise<unknown> {
  const response = await fetch((await app.getUrl()) + url, { method: 'POST', headers: CLOSE });
  return response.headers.get('content-type')?.includes('json') ? response.json() : response.text();
}

@Injectable()
class Stock {
  @AutoBackup()
  async wipe(): Promise<string> {
    return 'wiped';
  }
}

@Controller('invoices')
class InvoicesController {
  constructor(
    private readonly stock: Stock,
    @InjectBackupService() readonly backups: BackupService,
  ) {}

  @Post()
  @AutoBackup()
  async create(): Promise<object> {
    return { backups: backupNames(this.backups.directory).length };
  }

  @Post('wipe')
  async wipe(): Promise<string> {
    return this.stock.wipe();
  }
}

function shop(options: Parameters<typeof AutoBackupModule.forRoot>[0]): Type {
  @Module({ imports: [AutoBackupModule.forRoot(options)], controllers: [InvoicesController], providers: [Stock] })
  class Shop {}
  return Shop;
}

test.each([
  ['Express', undefined],
  ['Fastify', () => new FastifyAdapter()],
])('forRoot: the decorated route takes one backup, before the method, on %s', async (_, adapter) => {
  const { file, directory, logger } = database('a');
  const app = await start(shop({ database: file, logger }), adapter?.());
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(app, '/invoices')));
  expect(answers).toEqual(Array.from({ length: 10 }, () => ({ backups: 1 })));
  expect(await post(app, '/invoices')).toEqual({ backups: 1 });
  expect(checkBackups(directory)).toHaveLength(1);
  expect(logger.lines).toEqual([
    expect.stringContaining('info Automatic backup created before InvoicesController.create: app_backup_'),
  ]);
});

test('two apps in one process, of the same controllers: each backs up its own database, providers too', async () => {
  const [a, b] = [database('a'), database('b')];
  const [first, second] = [
    await start(shop({ database: a.file, logger: a.logger })),
    await start(shop({ database: b.file, logger: b.logger })),
  ];
  await post(second, '/invoices/wipe');
  expect([a, b].map(({ directory }) => backupNames(directory).length)).toEqual([0, 1]);
  expect(b.logger.lines[0]).toContain('before Stock.wipe');
  await post(first, '/invoices');
  expect([a, b].map(({ directory }) => backupNames(directory).length)).toEqual([1, 1]);
});

test('forRootAsync: the options come from another provider, or from a class', async () => {
  const { file, directory, logger } = database('a');
  @Module({ providers: [{ provide: 'CONFIG', useValue: { file } }], exports: ['CONFIG'] })
  class ConfigModule {}
  @Module({
    imports: [
      AutoBackupModule.forRootAsync({
        imports: [ConfigModule],
        inject: ['CONFIG'],
        useFactory: async (config: { file: string }) => ({ database: config.file, logger }),
      }),
    ],
    controllers: [InvoicesController],
    providers: [Stock],
  })
  class WithFactory {}
  await post(await start(WithFactory), '/invoices');
  expect(checkBackups(directory)).toHaveLength(1);

  const other = database('b');
  @Injectable()
  class Options implements AutoBackupOptionsFactory {
    createAutoBackupOptions() {
      return { database: other.file, logger };
    }
  }
  @Module({
    imports: [AutoBackupModule.forRootAsync({ useClass: Options })],
    controllers: [InvoicesController],
    providers: [Stock],
  })
  class WithClass {}
  await post(await start(WithClass), '/invoices');
  expect(checkBackups(other.directory)).toHaveLength(1);
});

test('several databases: a decorator, a parameter and a health check say whose service they mean', async () => {
  const [main, orders] = [database('main'), database('orders')];
  @Controller()
  class OrdersController {
    constructor(
      @InjectBackupService('orders') readonly orders: BackupService,
      readonly main: BackupService,
    ) {}

    @Post('orders')
    @AutoBackup({ name: 'orders' })
    async order(): Promise<string[]> {
      return [this.main.database, this.orders.database];
    }

    @Post('invoices')
    @AutoBackup()
    async invoice(): Promise<void> {}
  }
  @Module({
    imports: [
      AutoBackupModule.forRoot({ database: main.file, logger: main.logger }),
      AutoBackupModule.forRootAsync({
        name: 'orders',
        useFactory: () => ({ database: orders.file, logger: orders.logger }),
      }),
    ],
    controllers: [OrdersController],
  })
  class App {}
  const app = await start(App);
  expect(app.get<BackupService>(getBackupServiceToken('orders')).database).toBe(orders.file);
  expect(await post(app, '/orders')).toEqual([main.file, orders.file]);
  expect([main, orders].map(({ directory }) => backupNames(directory).length)).toEqual([0, 1]);
  await post(app, '/invoices');
  expect([main, orders].map(({ directory }) => backupNames(directory).length)).toEqual([1, 1]);

  const health = app.get(AutoBackupHealthIndicator);
  expect(await health.isHealthy('orders', { name: 'orders' })).toMatchObject({
    orders: { status: 'up', latest: backupNames(orders.directory)[0] },
  });
});

test('request scope: each instance of a controller gets the service', async () => {
  const { file, directory, logger } = database('a');
  const instances = new Set<unknown>();
  @Controller({ path: 'invoices', scope: Scope.REQUEST })
  class PerRequest {
    constructor() {
      instances.add(this);
    }

    @Post()
    @AutoBackup()
    async create(): Promise<void> {}
  }
  @Injectable({ scope: Scope.TRANSIENT })
  class Transient {
    @AutoBackup()
    async work(): Promise<void> {}
  }
  @Module({
    imports: [AutoBackupModule.forRoot({ database: file, logger })],
    controllers: [PerRequest],
    providers: [Transient, { provide: 'now', scope: Scope.REQUEST, inject: [REQUEST], useFactory: () => 1 }],
  })
  class App {}
  const app = await start(App);
  await post(app, '/invoices');
  await post(app, '/invoices');
  expect(instances.size).toBe(2);
  expect(backupNames(directory)).toHaveLength(1);
  await (await app.resolve(Transient)).work();
});

test.each([
  ['BackupService', BackupService],
  ['getBackupServiceToken()', getBackupServiceToken()],
])('overrideProvider(%s) replaces the service of decorators and parameters alike', async (_, token) => {
  const [real, replaced] = [database('real'), database('replaced')];
  const service = new BackupService({ database: replaced.file, logger: replaced.logger });
  const testing = await Test.createTestingModule({ imports: [shop({ database: real.file, logger: real.logger })] })
    .overrideProvider(token)
    .useValue(service)
    .compile();
  const app = testing.createNestApplication();
  opened.push(app);
  await app.listen(0, '127.0.0.1');
  expect(app.get(InvoicesController).backups).toBe(service);
  await post(app, '/invoices');
  expect([real, replaced].map(({ directory }) => backupNames(directory).length)).toEqual([0, 1]);
});

describe('what is wrong is noticed when the app boots', () => {
  test('a forgotten module: the message says what to import, from where', async () => {
    @Controller()
    class Orders {
      @Post()
      @AutoBackup({ name: 'orders' })
      async create(): Promise<void> {}
    }
    @Module({ controllers: [Orders] })
    class NamedForgotten {}
    await expect(start(NamedForgotten)).rejects.toThrow(
      'import AutoBackupModule.forRoot({ name: "orders", database }) of "sqlite-autobackup/nestjs" in the root module',
    );

    @Module({ providers: [Stock] })
    class Forgotten {}
    await expect(start(Forgotten)).rejects.toThrow(
      'import AutoBackupModule.forRoot({ database }) of "sqlite-autobackup/nestjs" in the root module',
    );
  });

  test('two modules of one name', async () => {
    const [a, b] = [database('a'), database('b')];
    @Module({
      imports: [
        AutoBackupModule.forRoot({ name: 'x', database: a.file }),
        AutoBackupModule.forRoot({ name: 'x', database: b.file }),
        AutoBackupModule.forRoot({ database: a.file }),
      ],
    })
    class Twice {}
    const error = await rejectionOf(start(Twice));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_ALREADY_CONFIGURED' });
    expect(error.message).toContain('two AutoBackupModules named "x"');
  });

  test('wrong options, a wrong name', async () => {
    expect(await rejectionOf(start(shop({ database: '' })))).toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
    expect(thrownBy(() => AutoBackupModule.forRoot({ name: '', database: 'app.db' })).message).toContain('is ""');
    expect(thrownBy(() => AutoBackup({ name: 7 as never })).message).toContain('is 7');
    expect(thrownBy(() => AutoBackup({ intervall: '1d' } as never)).message).toContain('no option "intervall"');
  });
});

test('it logs through Nest’s Logger by default', async () => {
  const { file } = database('a');
  const lines: string[] = [];
  const write = (message: string, context: string) => void lines.push(`${context}: ${message}`);
  await post(await start(shop({ database: file }), undefined, { log: write, warn: write, error: write }), '/invoices');
  expect(lines).toContainEqual(
    expect.stringContaining('AutoBackup: Automatic backup created before InvoicesController.create'),
  );
});

class Locked implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-user'] === 'ana';
  }
}

test('in applyDecorators(), twice, above a guard, on an inherited method: the guard holds, and there is one backup', async () => {
  const { file, directory, logger } = database('a');
  const Protected = () => applyDecorators(AutoBackup(), UseGuards(Locked), AutoBackup());
  class Base {
    @Post()
    @Protected()
    async create(@Body() body: unknown): Promise<unknown> {
      return body;
    }
  }
  @Controller('invoices')
  class Inherited extends Base {
    @Post('super')
    @AutoBackup()
    override async create(body: unknown): Promise<unknown> {
      return super.create(body);
    }
  }
  @Controller('plain')
  class Untouched extends Base {}
  @Module({ imports: [AutoBackupModule.forRoot({ database: file, logger })], controllers: [Inherited, Untouched] })
  class App {}
  const app = await start(App);
  expect(await post(app, '/plain')).toMatchObject({ statusCode: 403 });
  expect(backupNames(directory)).toEqual([]);
  const url = await app.getUrl();
  const response = await fetch(`${url}/plain`, {
    method: 'POST',
    headers: { 'x-user': 'ana', 'content-type': 'application/json' },
    body: '{"total":3}',
  });
  expect([response.status, await response.json()]).toEqual([201, { total: 3 }]);
  await post(app, '/invoices/super');
  expect(checkBackups(directory)).toHaveLength(1);
  expect(logger.lines).toHaveLength(1);
});

test('an object made by hand, and a static method, use the process default', async () => {
  const stock = new Stock();
  const error = await rejectionOf(stock.wipe());
  expect(error.code).toBe('ERR_BACKUP_NOT_CONFIGURED');
  expect(error.message).toContain('sqlite-autobackup/nestjs');

  const { file, directory, logger } = database('a');
  configureAutoBackup({ database: file, logger });
  class Reports {
    @AutoBackup()
    static async monthly(): Promise<string> {
      return 'report';
    }
  }
  expect(await Reports.monthly()).toBe('report');
  expect(checkBackups(directory)).toHaveLength(1);
  expect(checkLedger(`${directory}/${backupNames(directory)[0]}`)).toEqual({ entries: 1 });
  expect(await stock.wipe()).toBe('wiped');
});

describe('health, for terminus', () => {
  @Controller('health')
  class HealthController {
    constructor(
      private readonly health: HealthCheckService,
      private readonly backups: AutoBackupHealthIndicator,
    ) {}

    @Get()
    check() {
      return this.health.check([() => this.backups.isHealthy('backup', { maxAge: '14d' })]);
    }
  }

  async function startWithHealth(options: Parameters<typeof AutoBackupModule.forRoot>[0]): Promise<INestApplication> {
    @Module({
      imports: [TerminusModule.forRoot({ logger: false }), AutoBackupModule.forRoot(options)],
      controllers: [HealthController, InvoicesController],
      providers: [Stock],
    })
    class App {}
    return start(App);
  }

  const healthOf = async (app: INestApplication) => {
    const response = await fetch(`${await app.getUrl()}/health`, { headers: CLOSE });
    const { details } = (await response.json()) as { details: { backup: Record<string, unknown> } };
    return [response.status, details.backup];
  };

  test('down without a backup, up with one, down when it is too old', async () => {
    const { file, directory, logger } = database('a');
    const app = await startWithHealth({ database: file, logger });
    expect(await healthOf(app)).toEqual([
      503,
      expect.objectContaining({ status: 'down', level: 'bad', message: 'There is no backup yet.' }),
    ]);
    await post(app, '/invoices');
    const [name] = backupNames(directory);
    expect(await healthOf(app)).toEqual([
      200,
      // It is on this computer only, and no restore was ever tried.
      { status: 'up', level: 'warning', latest: name, ageMs: expect.any(Number), lastVerified: expect.any(String) },
    ]);
    const longAgo = new Date(Date.now() - 15 * 86_400_000);
    fs.utimesSync(`${directory}/${name}`, longAgo, longAgo);
    expect(await healthOf(app)).toEqual([
      503,
      expect.objectContaining({ status: 'down', message: 'The newest backup is 360 hours old.' }),
    ]);
  });

  test('down after a failed attempt, and while the folder can’t be read, naming no path', async () => {
    const { file, directory, logger } = database('a');
    const app = await startWithHealth({ database: file, logger });
    await post(app, '/invoices');
    fs.rmSync(file);
    await app
      .get(BackupService)
      .createBackup()
      .catch(() => {});
    const [status, health] = await healthOf(app);
    expect([status, health]).toEqual([
      503,
      expect.objectContaining({
        status: 'down',
        lastFailure: { code: 'ERR_BACKUP_SOURCE_MISSING', at: expect.any(String) },
      }),
    ]);
    expect(JSON.stringify(health)).not.toContain(folder.path);

    fs.rmSync(directory, { recursive: true, maxRetries: 50, retryDelay: 20 });
    expect(await healthOf(app)).toEqual([
      503,
      expect.objectContaining({ status: 'down', message: 'The backup folder is not there.' }),
    ]);
  });

  test.each(['two weeks', 7, '7'])(
    'the maxAge %p is refused: without a unit it would be milliseconds',
    async (maxAge) => {
      const { file, logger } = database('a');
      const app = await startWithHealth({ database: file, logger });
      const checking = app.get(AutoBackupHealthIndicator).isHealthy('backup', { maxAge });
      const { message } = await rejectionOf(checking);
      expect(message).toContain(`maxAge is ${JSON.stringify(maxAge)}`);
      expect(message).toContain("'7d'");
    },
  );
});

test('shutdown waits for the backup that is being taken, and for those that wait for their turn', async () => {
  const { file, logger } = database('a');
  const snapshotter = fakeSnapshotter();
  let open = (): void => {};
  snapshotter.gate = new Promise<void>((resolve) => (open = resolve));
  const app = await start(shop({ database: file, logger, snapshotter }));
  const service = app.get(BackupService);
  const order: string[] = [];
  void service.backupIfDue().then(() => order.push('backup'));
  void service.createBackup().then(() => order.push('queued backup'));
  await until(() => snapshotter.requests.length === 2);
  const closing = app.close().then(() => order.push('closed'));
  // Whatever a shutdown that does not wait would need has had its turn.
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  expect(order).toEqual([]);
  open();
  await closing;
  expect(order.at(-1)).toBe('closed');
  expect(order).toHaveLength(3);
  opened.length = 0;
});

test('SIGTERM in the middle of a backup: with enableShutdownHooks() the app ends when the backup is done', async () => {
  const directory = folder.file('term');
  fs.mkdirSync(directory);
  createLedger(folder.file('term', 'app.db'), 'wal', 60_000_000).close();
  const app = run('nest-app.js', [folder.file('term', 'app.db'), directory]);
  expect(await app.next()).toBe('copying');
  process.kill(app.pid, 'SIGTERM');
  const name = await app.next<string>();
  await app.ended;
  expect(checkBackups(directory)).toEqual([name]);
});
