import type { Backup, BackupError, BackupService, Logger, ServiceStatus } from '../index.js';
import { isBackupError } from '../index.js';
import type { Rights } from './guard.js';
import { createFlashStore } from './flash-store.js';
import type { FlashStore } from './flash-store.js';
import { operationsOf } from './operations.js';
import type { Operations } from './operations.js';
import type { ResolvedDashboard } from './options.js';
import type { Texts } from './texts/index.js';
import { activityFeed } from './watch.js';
import type { ActivityFeed } from './watch.js';

/** All that the routes of one service need. */
export interface ServiceView {
  /** `''` for the only one. */
  readonly name: string;
  /** Above its pages. */
  title(texts: Texts): string;
  readonly service: BackupService;
  readonly operations: Operations;
  readonly flashes: FlashStore;
  readonly watch: ActivityFeed;
  readonly logger: Logger;
  /** The most bytes of a file that is brought in. */
  readonly uploadLimit: number;
  /** Shared by all callers that ask while a look is under way, since each look takes a child process. It begins after they asked. */
  status(): Promise<ServiceStatus>;
  /**
   * Everything that the page shows. It waits for no child process: what the look at the database finds comes by the stream. A folder
   * that can't be read is an answer too.
   */
  look(): Promise<Look>;
}

/** What a look has found. */
export interface Seen {
  readonly status: ServiceStatus;
  readonly backups: readonly Backup[];
  readonly goNext: readonly Backup[];
}

export type Look = Seen | { readonly status: undefined; readonly error: BackupError };

/** The environment that hono passes along with each request. */
export interface DashboardEnv {
  Bindings: {
    /** Below the dashboard's own base: `/backups/NAME`; `''` for the base without a slash. */
    readonly path: string;
    /** From the address of this request to the base: `'../'`. All links are relative, whatever a proxy does to the path. */
    readonly root: string;
    /** The second argument of `authorize()`. */
    readonly context: unknown;
    /** Is the server still there for long answers? */
    readonly isServing: () => boolean;
  };
  Variables: { rights: Rights; texts: Texts };
}

export function serviceView(name: string, service: BackupService, options: ResolvedDashboard): ServiceView {
  const { logger } = options;
  const operations = operationsOf(service, (error) => logFailure({ logger }, error));
  const file = service.database.replace(/^.*[\\/]/, '');
  const status = shared(() => service.status());
  const watch = activityFeed(service, operations);
  service.onOverviewChange(() => watch.changed());
  const lookAtDatabase = databaseLooks(service, () => watch.changed());
  return {
    name,
    title: (texts) => [options.title ?? texts.title(file), ...(name === '' ? [] : [name])].join(' · '),
    service,
    operations,
    flashes: createFlashStore(),
    watch,
    logger,
    uploadLimit: options.uploadLimit,
    status,
    async look() {
      try {
        const seen = await service.overview();
        lookAtDatabase(seen.status);
        return seen;
      } catch (error) {
        if (!isBackupError(error)) throw error;
        logger.error(`The dashboard cannot show the backups [${error.code}]: ${error.message}`);
        return { status: undefined, error };
      }
    },
  };
}

export function logFailure({ logger }: Pick<ServiceView, 'logger'>, error: unknown): void {
  logger.error(`The dashboard could not do what was asked: ${error instanceof Error ? error.stack : String(error)}`);
}

/** A look at the database that is younger than this is not repeated for a page. */
const LOOK_AGAIN_MS = 10_000;

/**
 * Looks at the database behind the pages, and tells them when they show something else than it has found. At the database alone:
 * `status()` would read a thousand manifests besides, in the way of the next page.
 */
function databaseLooks(
  service: Pick<BackupService, 'lookAtDatabase'>,
  changed: () => void,
): (shown: ServiceStatus) => void {
  let looking = false;
  let lookedAt = -Infinity;
  return ({ database }) => {
    if (looking || performance.now() - lookedAt < LOOK_AGAIN_MS) return;
    looking = true;
    const shown = [database.lookedAt !== undefined, database.error?.code, database.journalMode].join();
    void service
      .lookAtDatabase()
      .then((found) => {
        if (found && shown !== [found.facts !== undefined, found.error?.code, found.facts?.journalMode].join())
          changed();
      })
      .finally(() => {
        looking = false;
        lookedAt = performance.now();
      });
  };
}

function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const take = (): Promise<T> => {
    if (!current) return (current = ask().finally(() => (current = undefined)));
    // The look under way may be older than the change that made this caller ask.
    return (next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        return take();
      }));
  };
  return take;
}
