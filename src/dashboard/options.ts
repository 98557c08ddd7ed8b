import type { IncomingMessage, ServerResponse } from 'node:http';
import { isBackupService } from '../service/backup-service.js';
import type { BackupService } from '../service/backup-service.js';
import { BackupError } from '../util/errors.js';
import { safeLogger } from '../util/logger.js';
import type { Logger } from '../util/logger.js';
import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';

/** The rights of a visitor. Each is off unless it is `true`. */
export interface DashboardRights {
  /** The page, the status and the list of backups. */
  view?: boolean;
  /** Take backups and verify them. */
  create?: boolean;
  /** Download backups, and with them all that the database holds. */
  download?: boolean;
  /** Delete backups; protect them from deletion, and take that off again. */
  delete?: boolean;
  /** Put a backup in the place of the live database. */
  restore?: boolean;
  /** Ask `api/health`, which answers no more than good or bad: for a load balancer or a probe, without a login. */
  health?: boolean;
  /** See what has changed since a backup, row by row, and so the contents of the database. */
  browse?: boolean;
  /** Bring rows of a backup back into the live database. */
  recover?: boolean;
}

/** The rights of whoever sent a request, and who that is. */
export interface DashboardVisitor extends DashboardRights {
  /** Who did something, for the record of activity: `'anna'`. One line; a longer one than 200 characters is cut. */
  name?: string;
}

/** A mounted dashboard: one handler for Node servers, one for everything that speaks Request and Response. */
export interface Dashboard<Context = unknown> {
  /** For Express, Nest, Fastify with middleware, `http.createServer`. Requests for other paths go on to `next`. */
  node(request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /**
   * For everything that speaks Request and Response: hono, Bun, Deno, Next.js.
   *
   * @param context for `authorize()`: what your app knows of whoever sent the request
   */
  fetch(request: Request, context?: Context): Promise<Response>;
}

/** Options of `createDashboard()`. Only `authorize` is required. */
export interface DashboardOptions<Context = unknown> {
  /**
   * Decides who may do what. It returns `false`, or the rights of the visitor who sent this request. Anything else counts as `false`, and so does an
   * exception, which is logged. Asked for every request but those for style, script and icons, which tell nothing.
   *
   * @param request method, full URL and headers; its body is not for this function
   * @param context for `node()` the framework's own request, with what its middleware put there (`req.user`,
   *   `req.session`); for `fetch()` its second argument
   */
  authorize: (
    request: Request,
    context: Context,
  ) => DashboardVisitor | false | null | undefined | Promise<DashboardVisitor | false | null | undefined>;
  /** Where it is mounted: `'/backups'`. Default: where the framework says that it is mounted, else the root. */
  basePath?: string;
  /** Above the page. Default: `Backups of app.db`, in the language of the page. */
  title?: string;
  /** Default: what the browser prefers, of the two. */
  locale?: 'en' | 'es';
  /**
   * The host names that it is served under: `['shop.example.com']`. IP addresses and localhost always are. A request for
   * another name is refused: a foreign page can make its own name point to this machine (DNS rebinding).
   */
  hosts?: readonly string[];
  /**
   * Where people log in: `'/login'`, or with the page that they come back to, `'/login?next={url}'`. Whoever `authorize` does not let in is
   * told so, with a link to it.
   */
  loginUrl?: string;
  /**
   * The most bytes of a backup file that may be brought in from the page. What the disk has room for bounds it as well.
   *
   * @default 10 GB (10 * 1024 ** 3)
   */
  uploadLimit?: number;
  /** Receives failures: an authorize() that throws, actions that fail. Default: the console. */
  logger?: Logger;
}

/** Options with defaults, checked; services by name, or one without. */
export interface ResolvedDashboard {
  readonly services: ReadonlyMap<string, BackupService>;
  /** True for a single service, whose addresses have no name in them. */
  readonly single: boolean;
  readonly authorize: (request: Request, context: unknown) => unknown;
  /** `''` or `'/backups'`: no slash at its end. */
  readonly basePath: string | undefined;
  readonly title: string | undefined;
  readonly locale: 'en' | 'es' | undefined;
  readonly hosts: ReadonlySet<string>;
  readonly loginUrl: string | undefined;
  readonly uploadLimit: number;
  readonly logger: Logger;
}

/** @throws BackupError `ERR_BACKUP_OPTIONS` */
export function resolveDashboard(
  services: BackupService | Readonly<Record<string, BackupService>>,
  options: DashboardOptions<never>,
): ResolvedDashboard {
  // If the options are missing altogether, report `authorize` as missing.
  const given: unknown = options;
  const { authorize, basePath, title, locale, hosts, loginUrl, uploadLimit, logger } = validate(
    'createDashboard',
    schemaOf,
    given ?? {},
  );
  const single = isBackupService(services);
  return {
    services: new Map(single ? [['', services]] : checkNames(services)),
    single,
    ...{
      authorize,
      basePath,
      title,
      locale,
      hosts: new Set(hosts),
      loginUrl,
      uploadLimit,
      logger: safeLogger(logger ?? console),
    },
  };
}

/** Names that the addresses of the dashboard itself use. */
const TAKEN = new Set(['api', 'assets', 'backups']);

function checkNames(services: unknown): [string, BackupService][] {
  const entries = typeof services === 'object' && services !== null ? Object.entries(services) : [];
  if (entries.length === 0) {
    throw wrong(
      'createDashboard: there is no service.',
      'Pass a BackupService, or an object of them: { till, archive }.',
    );
  }
  for (const [name, service] of entries) {
    if (!/^[\w-]{1,64}$/.test(name) || TAKEN.has(name)) {
      throw wrong(
        `createDashboard: a service is named ${JSON.stringify(name)}.`,
        `Names become part of addresses: up to 64 of A-Z a-z 0-9 _ -, and none of ${[...TAKEN].join(', ')}.`,
      );
    }
    if (!isBackupService(service)) {
      throw wrong(
        `createDashboard: "${name}" is not a BackupService.`,
        'Pass the object that new BackupService() made.',
      );
    }
  }
  return entries as [string, BackupService][];
}

// Each message finishes the sentence "It must be …".
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot) {
  return v.strictObject({
    authorize: v.custom<ResolvedDashboard['authorize']>(
      (value) => typeof value === 'function',
      'a function that returns false or the rights of whoever sent the request; no default lets anyone in',
    ),
    basePath: v.optional(
      v.pipe(
        v.custom<string>(
          (value) => typeof value === 'string' && (value === '' || /^(\/[\w.~-]+)*\/?$/.test(value)),
          'a path such as "/backups"',
        ),
        v.transform((path) => path.replace(/\/+$/, '')),
      ),
    ),
    title: v.optional(v.string('a text')),
    locale: v.optional(v.picklist(['en', 'es'], '"en" or "es"')),
    hosts: v.optional(
      v.pipe(
        v.custom<string[]>(
          (value) => Array.isArray(value) && value.every((host) => typeof host === 'string' && /^[\w.-]+$/.test(host)),
          'a list of host names without scheme and port, such as ["shop.example.com"]',
        ),
        v.transform((hosts) => hosts.map((host) => host.toLowerCase())),
      ),
      [],
    ),
    loginUrl: v.optional(
      v.custom<string>(
        (value) => typeof value === 'string' && /^(\/(?![/\\])|https?:\/\/)[^\s\\]*$/.test(value),
        'an address such as "/login" or "/login?next={url}"',
      ),
    ),
    uploadLimit: v.optional(
      v.custom<number>(
        (value) => Number.isSafeInteger(value) && (value as number) > 0,
        'a whole number of bytes, such as 2 * 1024 ** 3',
      ),
      10 * 1024 ** 3,
    ),
    logger: v.optional(
      v.custom<Logger>(
        (value) =>
          typeof value === 'object' &&
          value !== null &&
          ['info', 'warn', 'error'].every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
        'an object with the methods info, warn and error',
      ),
    ),
  });
}

function wrong(what: string, hint: string): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', what, { step: 'options', hint });
}
