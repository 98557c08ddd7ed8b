import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { randomNumbers } from '../support/random';
import { useTempFolder } from '../support/temp-folder';
import { salesIn, Seller } from './support/shop';
import { SqldServer } from './support/sqld-server';

const temp = useTempFolder();

// The long run: ENGINE_KILLS=50 npm run test:engines -- --testPathPatterns sqld-kill
const ROUNDS = Number(process.env['ENGINE_KILLS'] ?? 6);
// ENGINE_SEED=… repeats the moments of a run (as far as a busy machine lets them repeat).
const SEED = Number(process.env['ENGINE_SEED'] ?? Date.now() % 1_000_000);
const random = randomNumbers(SEED);
/** Bounds what hangs: a round takes seconds, and a minute on a machine that is busy. */
const TIMEOUT_MS = 600_000 + ROUNDS * 120_000;

let server: SqldServer;
beforeEach(async () => {
  server = await SqldServer.start(temp.file('server'));
});
afterEach(() => server.kill());

/** Commits that one request makes, each for itself: about one a millisecond, which a request for each would not reach. */
const COMMITS = 100;

/** Waits for a server that is being started again. */
async function insist(namespace: string, ...statements: string[]): Promise<unknown> {
  for (;;) {
    try {
      return await server.execute(namespace, ...statements);
    } catch {
      await sleep(20);
    }
  }
}

function serviceOf(namespace: string): BackupService {
  const directory = temp.file(namespace);
  fs.mkdirSync(directory);
  return new BackupService({
    database: server.fileOf(namespace),
    directory,
    logger: memoryLogger(),
    retention: { last: 1000 },
  });
}

test(
  `sqld dies at any of ${ROUNDS} moments of a backup (seed ${SEED}): both hold all that was acknowledged`,
  async () => {
    for (const namespace of ['shop', 'other']) {
      await server.createNamespace(namespace);
      await server.execute(namespace, 'CREATE TABLE sales (id INTEGER PRIMARY KEY)', 'CREATE TABLE load (body BLOB)');
    }
    for (let i = 0; i < 8; i++) await server.execute('shop', 'INSERT INTO load VALUES (randomblob(1000000))');
    await server.execute('other', 'INSERT INTO sales VALUES (1)');
    const [service, other] = [serviceOf('shop'), serviceOf('other')];
    const startedAt = performance.now();
    await service.createBackup();
    const usualMs = performance.now() - startedAt;

    const seller = new Seller({
      execute: async (...statements) => {
        const [, id] = statements[0] as readonly [string, number];
        const sales = Array.from({ length: COMMITS }, (_, i) => (id - 1) * COMMITS + i + 1);
        await insist('shop', ...sales.map((sale) => `INSERT OR IGNORE INTO sales VALUES (${sale})`));
      },
    });
    for (let round = 0; round < ROUNDS; round++) {
      await seller.next();
      const acknowledged = COMMITS * seller.acknowledged;
      const creating = service.createBackup();
      creating.catch(() => {});
      await sleep(random() * usualMs);
      await server.kill();
      // Whoever writes has died: the file is still there, and can be read.
      const { name } = await creating;
      expect(await salesIn(service, name)).toBeGreaterThanOrEqual(acknowledged);
      // Nobody has it open now: the backup leaves nothing that sqld would trip over.
      await service.createBackup();
      await server.run();
      expect(Number(await insist('shop', 'SELECT count(*) FROM sales'))).toBeGreaterThanOrEqual(acknowledged);
    }
    await seller.stop();
    for (const { name } of await service.listBackups()) {
      expect(await service.verifyBackup(name, { level: 'full' })).toMatchObject({ ok: true });
    }
    const { name } = await other.createBackup();
    expect(await salesIn(other, name)).toBe(1);
  },
  TIMEOUT_MS,
);
