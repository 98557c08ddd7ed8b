import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupService } from 'sqlite-autobackup';
import { isBackupError } from 'sqlite-autobackup';
import { randomNumbers } from '../support/random';
import { useTempFolder } from '../support/temp-folder';
import { RqliteClient } from './support/rqlite-client';
import { RqliteCluster } from './support/rqlite-cluster';
import { makeShop, salesIn, Seller, serviceOn } from './support/shop';

const temp = useTempFolder();

// The long run: ENGINE_KILLS=50 npm run test:engines -- --testPathPatterns rqlite-kill
const ROUNDS = Number(process.env['ENGINE_KILLS'] ?? 6);
// ENGINE_SEED=… repeats the moments of a run (as far as a busy machine lets them repeat).
const SEED = Number(process.env['ENGINE_SEED'] ?? Date.now() % 1_000_000);
const random = randomNumbers(SEED);
/** Bounds what hangs: a round takes seconds, and a minute on a machine that is busy. */
const TIMEOUT_MS = 600_000 + ROUNDS * 120_000;

const DOCUMENTED = ['ERR_BACKUP_SOURCE_UNREACHABLE', 'ERR_BACKUP_SOURCE_NO_LEADER', 'ERR_BACKUP_SOURCE_FAILED'];

let cluster: RqliteCluster;
let client: RqliteClient;
let directory: string;
let service: BackupService;
let usualMs: number;

beforeEach(async () => {
  directory = temp.file('backups');
  fs.mkdirSync(directory);
  cluster = await RqliteCluster.start(temp.file('cluster'));
  client = new RqliteClient(cluster);
  await makeShop(client, 12);
  service = serviceOn(cluster.urls, directory, {}, { retention: { last: 1000 } });
  const startedAt = performance.now();
  await service.createBackup();
  usualMs = performance.now() - startedAt;
});
afterEach(() => cluster.stop());

test(
  `a leader that dies at any of ${ROUNDS} moments of a backup (seed ${SEED}): it is whole, or there is none`,
  async () => {
    const seller = new Seller(client);
    const ends = { taken: 0, failed: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      await seller.next();
      const acknowledged = seller.acknowledged;
      const leader = await cluster.leader();
      const creating = service.createBackup().then(
        (backup) => backup,
        (error: unknown) => error,
      );
      await sleep(random() * usualMs);
      await cluster.kill(leader);
      const end = await creating;
      if (isBackupError(end)) {
        expect(DOCUMENTED).toContain(end.code);
        ends.failed++;
      } else {
        const { name } = end as { name: string };
        expect(await salesIn(service, name)).toBeGreaterThanOrEqual(acknowledged);
        ends.taken++;
      }
      expect(fs.readdirSync(directory).filter((file) => file.includes('.partial'))).toHaveLength(0);
      cluster.run(leader);
      await cluster.leader();
    }
    await seller.stop();
    for (const { name } of await service.listBackups()) {
      expect(await service.verifyBackup(name, { level: 'full' })).toMatchObject({ ok: true });
    }
    // The next leader answers soon enough for the attempt itself.
    expect(ends).toEqual({ taken: ROUNDS, failed: 0 });
  },
  TIMEOUT_MS,
);

test(
  `a leader that dies at any of ${ROUNDS} moments of a restore (seed ${SEED}): old or restored, on every node`,
  async () => {
    await client.execute('INSERT INTO sales VALUES (1), (2), (3)');
    const { name } = await service.createBackup();
    // A restore waits a second until the cluster counts as quiet, and takes a safety backup and one to compare with.
    const spanMs = 1_200 + 4 * usualMs;
    for (let round = 0; round < ROUNDS; round++) {
      await client.execute('INSERT OR IGNORE INTO sales VALUES (4), (5)');
      const leader = await cluster.leader();
      const restoring = service.restoreBackup(name).then(
        (report) => report,
        (error: unknown) => error,
      );
      await sleep(random() * spanMs);
      await cluster.kill(leader);
      const end = await restoring;
      cluster.run(leader);
      await cluster.leader();
      const sales = await client.ask('SELECT count(*) FROM sales');
      if (isBackupError(end)) {
        expect([...DOCUMENTED, 'ERR_BACKUP_RESTORE_BUSY', 'ERR_BACKUP_RESTORE_FAILED']).toContain(end.code);
        expect([3, 5]).toContain(sales);
      } else {
        const { safetyBackup } = end as { safetyBackup: string };
        expect(sales).toBe(3);
        expect(await salesIn(service, safetyBackup)).toBe(5);
      }
      if (sales === 3) {
        const kept = await Promise.all((await service.listBackups()).map((each) => salesIn(service, each.name)));
        expect(kept).toContain(5);
      }
      await cluster.agreesOn('sales', sales);
      expect(fs.readdirSync(directory).filter((file) => file.includes('.partial'))).toHaveLength(0);
    }
  },
  TIMEOUT_MS,
);
