import assert from 'node:assert/strict';
import path from 'node:path';
import { inspect } from 'node:util';
import { AutoBackup, BackupService, directoryStore, keep, withAutoBackup } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { s3Store } from 'sqlite-autobackup/s3';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { chance, mutateJson, pick } from '../mutate';
import { answerOf } from '../target';
import type { TargetModule } from '../target';

/** It stands where secrets stand, and in no message. */
const SECRET = 'hunter2-correct-horse';

// What JSON cannot hold is named.
const SPECIAL: Readonly<Record<string, () => unknown>> = {
  NaN: () => NaN,
  Infinity: () => Infinity,
  undefined: () => undefined,
  function: () => () => 'x',
  'async function': () => async () => 'x',
  bigint: () => 10n,
  symbol: () => Symbol('x'),
  date: () => new Date(NaN),
  map: () => new Map([['a', 1]]),
  'throwing getter': () => ({ get last(): never { throw new Error('thrown by a getter'); } }), // prettier-ignore
  proxy: () => new Proxy({}, { ownKeys: () => ['a'], get: () => { throw new Error('thrown by a proxy'); } }), // prettier-ignore
  cycle: () => { const cycle: Record<string, unknown> = {}; return (cycle['cycle'] = cycle); }, // prettier-ignore
  'no prototype': () => Object.create(null) as unknown,
  'throwing text': () => ({ toString() { throw new Error('thrown by a text'); }, toJSON() { throw new Error('thrown by JSON'); } }), // prettier-ignore
};
const SPICE = [
  ...Object.keys(SPECIAL).map((special) => ({ special })),
  ...['1d', '5m', 0, 60_000, '1 fortnight', SECRET],
];

const WHOLE: Readonly<Record<string, unknown>> = {
  service: {
    ...{ database: 'app.db', directory: '.', interval: '7d', verify: 'quick', onFailure: 'continue', enabled: true },
    ...{ retryAfter: '5m', timeout: '10m', recheckInterval: '1s', verifyEvery: '30d', assertions: ['SELECT 1'] },
    ...{ retention: { last: 20, weekly: 8 }, labels: { 'Shop.sell': 'before a sale' }, copies: [] },
    notify: {
      heartbeat: `https://hc.example/${SECRET}`,
      webhook: [{ url: `https://x.example/${SECRET}`, secret: SECRET, headers: { authorization: SECRET } }],
      mail: { transport: `smtps://u:${SECRET}@mail.example`, from: 'a@b', to: ['c@d'] },
      ...{ failedAfter: 2, overdueAfter: '1d', minFreeBytes: 1000, only: ['failed'] },
    },
  },
  decorator: { timing: 'before', onFailure: 'abort', blocking: false, label: 'x', interval: '1d' },
  keep: { last: 20, within: '2d', daily: 7, weekly: 8, monthly: 12, yearly: 1 },
  dashboard: {
    authorize: { special: 'function' },
    basePath: '/b',
    title: 'x',
    locale: 'en',
    hosts: ['a.example'],
    loginUrl: '/l',
  },
  s3: {
    ...{
      bucket: 'b-1',
      prefix: 'p',
      region: 'eu-1',
      endpoint: 'https://s3.example',
      forcePathStyle: true,
      concurrency: 2,
    },
    ...{
      credentials: { accessKeyId: 'A', secretAccessKey: SECRET },
      compress: 'zstd',
      host: 'till',
      partSizeBytes: 5242880,
    },
  },
  directory: { host: 'till', retention: { last: 3 }, compress: 'gzip', encrypt: { to: ['age1x'] } },
  rqlite: { nodes: [`https://u:${SECRET}@node.example:4001`], name: 'shop', user: 'u', password: SECRET },
  methods: {
    level: 'drill',
    assertions: ['SELECT 1'],
    to: 'x',
    table: 't',
    where: '1',
    rows: 5,
    limit: 3,
    interval: '1d',
    label: 'x',
  },
};

interface Input {
  readonly of: string;
  readonly method: string;
  readonly options: unknown;
}

const METHODS = ['createBackup', 'backupIfDue', 'checkDue', 'verifyBackup', 'restoreBackup', 'diffBackup', 'recoverRows', 'queryBackup', 'pruneBackups', 'status', 'activity', 'listCopies', 'pullBackup', 'shipPending'] as const; // prettier-ignore

/** Options of everything that takes some, of every type, in every place. */
export const options: TargetModule<Input> = {
  invariant:
    'whatever the options are: they are taken, or refused with a BackupError that names no secret; the object that was passed is not changed',
  async start(folder) {
    const database = path.join(folder, 'app.db');
    const service = new BackupService({ database, snapshotter: fakeSnapshotter(), logger: memoryLogger() });
    return {
      make(random, old) {
        const of = old?.of ?? pick(random, Object.keys(WHOLE));
        const start = old && chance(random, 0.3) ? old.options : WHOLE[of];
        return { of, method: pick(random, METHODS), options: mutateJson(random, start, SPICE) };
      },
      async check({ of, method, options: given }) {
        const made = revive(given);
        const before = inspect(made, { depth: 6 });
        const answer = await answerOf(
          async () => {
            try {
              return await use(of, method, made);
            } catch (error) {
              const said = inspect({
                said: (error as Error).message,
                hint: (error as { hint?: unknown }).hint,
              });
              assert.ok(!said.includes(SECRET) || !inPlace(of, given), `a secret is told: ${said}`);
              // The option's own getter has thrown: that is its owner's error.
              if (/thrown by/.test(said)) return 'thrown by the option itself';
              throw error;
            }
          },
          (said) => said,
        );
        assert.equal(inspect(made, { depth: 6 }), before, 'the options were changed');
        return `${of}: ${answer}`;
      },
    };

    async function use(of: string, method: Input['method'], given: never): Promise<string> {
      if (of === 'service') {
        const made = new BackupService(place(given));
        made.checkDue();
        return 'service';
      }
      if (of === 'decorator') {
        AutoBackup(given);
        withAutoBackup(async () => 1, given);
      } else if (of === 'keep') {
        keep(given)([], { now: new Date() });
      } else if (of === 'dashboard') {
        createDashboard(service, given);
      } else if (of === 's3') s3Store(given);
      else if (of === 'directory') directoryStore(folder, given);
      else if (of === 'rqlite') rqlite(given);
      else return callMethod(method, given);
      return 'taken';
    }

    /** Relative paths would count from this repository. */
    function place(given: unknown): never {
      const is = given as { database?: unknown; directory?: unknown } | null | undefined;
      if (typeof is !== 'object' || is === null) return given as never;
      const inFolder = (value: unknown): unknown =>
        typeof value === 'string' && value !== ''
          ? path.join(folder, path.basename(value.slice(0, 50)).replaceAll('\0', ''))
          : value;
      return {
        ...is,
        database: inFolder(is.database),
        directory: is.directory === undefined ? undefined : folder,
        snapshotter: fakeSnapshotter(),
        logger: memoryLogger(),
      } as never;
    }

    async function callMethod(method: string, given: never): Promise<string> {
      const name = 'app_backup_20261124_093000.db';
      const named = ['verifyBackup', 'restoreBackup', 'diffBackup', 'recoverRows', 'pullBackup'];
      const args =
        method === 'queryBackup' ? [name, 'SELECT 1', given] : named.includes(method) ? [name, given] : [given];
      await (service as unknown as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
      return `${method} done`;
    }
  },
};

/** Do secrets stand only where they belong? An address with one in it that is the value of another option is shown there. */
function inPlace(of: string, given: unknown): boolean {
  const right = new Set(placesOf(SECRET, WHOLE[of]));
  return placesOf(SECRET, given).every((place) => right.has(place));
}

function placesOf(text: string, value: unknown, place = ''): string[] {
  if (typeof value === 'string') return value.includes(text) ? [place] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => placesOf(text, each, `${place}/${key}`));
}

function revive(value: unknown): never {
  if (Array.isArray(value)) return value.map(revive) as never;
  if (typeof value !== 'object' || value === null) return value as never;
  const { special } = value as { special?: unknown };
  if (typeof special === 'string' && Object.hasOwn(SPECIAL, special)) return SPECIAL[special]!() as never;
  const revived = {};
  for (const [key, each] of Object.entries(value)) {
    Object.defineProperty(revived, key, { value: revive(each), enumerable: true, configurable: true, writable: true });
  }
  return revived as never;
}
