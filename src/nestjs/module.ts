import { ConfigurableModuleBuilder, Inject, Logger as NestLogger, Module } from '@nestjs/common';
import type {
  DynamicModule,
  InjectionToken,
  OnApplicationShutdown,
  OnModuleDestroy,
  OnModuleInit,
  Provider,
} from '@nestjs/common';
import { APP_FILTER, ModulesContainer } from '@nestjs/core';
import { adoptDefault } from '../decorator/default-service.js';
import { canBackUp } from '../decorator/find-service.js';
import { BackupService } from '../service/backup-service.js';
import { BackupError } from '../util/errors.js';
import type { Logger } from '../util/logger.js';
import type { BackupServiceOptions } from '../service/options.js';
import { AutoBackupHealthIndicator } from './health-indicator.js';
import { BackupRefusedFilter } from './refused-filter.js';
import { follow } from './telemetry.js';
import type { Telemetry } from './telemetry.js';
import { backupServiceKey, checkedName, getBackupServiceToken } from './tokens.js';

/** The options of a module besides those of its service. */
export interface AutoBackupModuleExtras {
  /** For an app with several databases: `@AutoBackup({ name })`, `@InjectBackupService(name)`. Default: none. */
  name?: string | undefined;
  /**
   * What follows the service until the application shuts down: `instrumentAutoBackup` of `sqlite-autobackup/otel`,
   * `collectBackupMetrics` of `sqlite-autobackup/prometheus`, or both. Default: nothing.
   */
  telemetry?: Telemetry | readonly Telemetry[] | undefined;
}

/** For `forRootAsync({ useClass })`: a provider that makes the options. */
export interface AutoBackupOptionsFactory {
  /** Makes the options of the service, perhaps from a configuration. */
  createAutoBackupOptions(): BackupServiceOptions | Promise<BackupServiceOptions>;
}

const NAME = Symbol.for('sqlite-autobackup.nestjs.name');
const TELEMETRY = Symbol.for('sqlite-autobackup.nestjs.telemetry');
/** Its text is what Nest prints when the module was imported without `forRoot()`. */
const SERVICE = Symbol.for('BackupService: import AutoBackupModule.forRoot({ database }), not AutoBackupModule');

const builder = new ConfigurableModuleBuilder<BackupServiceOptions>({ moduleName: 'AutoBackup' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createAutoBackupOptions')
  .setExtras<AutoBackupModuleExtras>({ name: undefined, telemetry: undefined }, withService)
  .build();

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = builder;

/**
 * Makes a `BackupService` of an application's container, for the whole application (it is global): import it once, in the
 * root module, with `forRoot({ database })` or `forRootAsync({ inject, useFactory })`; once more, with a `name`, for each
 * further database.
 *
 * The service logs through Nest's `Logger` unless the options have another. A route that `onFailure: 'abort'` kept from running
 * is answered with 503 and `Retry-After`. The service without a name is the default of the process, too, while
 * `configureAutoBackup()` is not called.
 *
 * When the application shuts down (`app.close()`, or a signal after `app.enableShutdownHooks()`), methods that wait for a backup
 * are refused, and what runs is waited for: the backup, and the methods that had to wait for one.
 *
 * @example
 * @Module({ imports: [AutoBackupModule.forRoot({ database: 'instance/app.db' })] })
 * class AppModule {}
 */
@Module({})
export class AutoBackupModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown
{
  /** Or the double that a test has put in its place, which may have no method but `backupIfDue`. */
  readonly #service: Partial<BackupService>;
  readonly #name: string | undefined;
  readonly #modules: ModulesContainer;
  readonly #unfollow: () => void;
  #idle: Promise<void> | undefined;
  #disown = (): void => {};

  constructor(
    @Inject(SERVICE) service: BackupService,
    @Inject(NAME) name: string | undefined,
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(TELEMETRY) unfollow: () => void,
  ) {
    super();
    this.#service = service;
    this.#name = name;
    this.#modules = modules;
    this.#unfollow = unfollow;
  }

  /** @throws BackupError `ERR_BACKUP_OPTIONS`, when the app boots */
  /** Registers the service for the whole app. */
  static override forRoot(options: typeof builder.OPTIONS_TYPE): DynamicModule;
  // JavaScript can leave them out: then the service says what is missing.
  static override forRoot(options = {} as typeof builder.OPTIONS_TYPE): DynamicModule {
    return super.forRoot(options);
  }

  /** @throws BackupError `ERR_BACKUP_ALREADY_CONFIGURED`: with two of one name, which one is injected would be chance */
  onModuleInit(): void {
    // Found by what they provide: the CommonJS and the ESM entry have a class each.
    const namesakes = [...this.#modules.values()].filter(({ providers }) => {
      const itsName = providers.get(NAME);
      return itsName !== undefined && itsName.instance === this.#name;
    });
    if (namesakes.length < 2) {
      // For the core's own @AutoBackup(), which knows nothing of the container.
      if (this.#name === undefined && canBackUp(this.#service)) this.#disown = adoptDefault(this.#service);
      return;
    }
    const what = this.#name === undefined ? 'without a name' : `named ${JSON.stringify(this.#name)}`;
    throw new BackupError('ERR_BACKUP_ALREADY_CONFIGURED', `There are two AutoBackupModules ${what}.`, {
      step: 'options',
      hint: 'Import it once, in the root module (it is global); give the one of a second database a name: forRoot({ name, database }).',
    });
  }

  /** The first step of a shutdown. It is not waited for here: the server should stop listening meanwhile. */
  onModuleDestroy(): void {
    this.#idle = this.#service.shutDown?.();
  }

  /** After the server has answered its last request. */
  async onApplicationShutdown(): Promise<void> {
    await this.#idle;
    this.#disown();
    this.#unfollow();
  }
}

/** Adds the service to the module that Nest's builder has made of the options. */
function withService(
  definition: DynamicModule,
  { name: given, telemetry = [] }: AutoBackupModuleExtras,
): DynamicModule {
  const name = given === undefined ? undefined : checkedName(given);
  const token = getBackupServiceToken(name);
  const providers: Provider[] = [
    {
      provide: token,
      useFactory: (options: BackupServiceOptions) => new BackupService(withLogger(options, name)),
      // Telemetry first: it follows what is made later.
      inject: [MODULE_OPTIONS_TOKEN, TELEMETRY],
    },
    { provide: SERVICE, useExisting: token },
    { provide: NAME, useValue: name },
    { provide: TELEMETRY, useFactory: () => follow([telemetry].flat()) },
    AutoBackupHealthIndicator,
    { provide: APP_FILTER, useClass: BackupRefusedFilter },
  ];
  const exported: InjectionToken[] = [token, AutoBackupHealthIndicator];
  if (name === undefined) {
    // @AutoBackup() asks for the service that BackupService names: overriding that one overrides both.
    const key = backupServiceKey();
    providers.push({ provide: key, useExisting: BackupService });
    exported.push(key);
  }
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), ...providers],
    exports: [...(definition.exports ?? []), ...exported],
  };
}

/** A factory may have returned nothing at all: BackupService says so. */
function withLogger(options: BackupServiceOptions | undefined, name: string | undefined): BackupServiceOptions {
  return { ...options!, logger: options?.logger ?? nestLogger(name) };
}

function nestLogger(name: string | undefined): Logger {
  const logger = new NestLogger(name === undefined ? 'AutoBackup' : `AutoBackup ${name}`);
  return {
    info: (message) => logger.log(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}
