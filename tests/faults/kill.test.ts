import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { checkLedger, createLedger } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { childrenOf, freeze, isolatedChildOf, isRunning, sleep, until, useScripts } from '../support/processes';
import { randomNumbers } from '../support/random';
import { useTempFolder } from '../support/temp-folder';
import { checkBackups, contentsOf, filesOf } from '../support/whole-backups';

const start = useScripts();
const faults = useFaultRecord();
const folder = useTempFolder();

// Hundreds of processes one after the other: well under a minute for each test on an idle machine. It only bounds what hangs.
const TIMEOUT_MS = 3_600_000;

// The long run: KILL_ROUNDS=100 npx jest --selectProjects faults --testPathPatterns faults/kill
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 20);
// KILL_SEED=… repeats the moments of a run (as far as a busy machine lets them repeat).
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const random = randomNumbers(SEED);

let database: string;
let directory: string;
let service: BackupService;
let first: Backup;
let untouched: Record<string, string>;
let usualMs: number;

// A small database that is written to all the time, one backup that must stay as it is, and how long another one takes.
beforeEach(async () => {
  database = folder.file('app.db');
  directory = folder.file('backups');
  fs.mkdirSync(directory);
  createLedger(database, 'wal', 4_000_000).close();
  start('writer.js', [database]);
  service = new BackupService({ database, directory, logger: memoryLogger() });
  first = await service.createBackup();
  untouched = contentsOf(directory);
  usualMs = 0;
  for (let i = 0; i < 3; i++) await takeAnother();
});

test(
  `kill -9 of the child at ${ROUNDS} random moments leaves nothing but whole backups (seed ${SEED})`,
  async () => {
    const ends = new Set<string>();
    const kills = faults({ law: 2, fault: 'kill -9 of the child', seed: SEED });
    // Until the random moments have hit both: nearly always long before.
    for (let round = 0; round < ROUNDS || ends.size < 2; round++) {
      const attempt = service.createBackup().then(
        () => 'created',
        (error: unknown) => (error as { code: string }).code,
      );
      await sleep(randomMoment());
      const killed = killIfRunning(isolatedChildOf(process.pid));
      if (killed) kills.injected();
      const end = await attempt;
      expect(['created', 'ERR_BACKUP_CHILD_FAILED']).toContain(end);
      ends.add(end);

      // The parent is alive and cleans up at once, all but a manifest that came before its backup.
      expect(filesOf(directory).filter((name) => name.includes('partial'))).toEqual([]);
      checkBackups(directory);
      if (killed) kills.held(end);
      removeAllButFirst();
      if (round % 10 === 9) await takeAnother();
    }
    expect(contentsOf(directory)).toEqual(untouched);
  },
  TIMEOUT_MS,
);

test(
  `kill -9 of the parent at ${ROUNDS} random moments, half of them with its child: the next call cleans up and works (seed ${SEED})`,
  async () => {
    const counts = { partials: 0, finishedByOrphan: 0 };
    const kills = faults({ law: 2, fault: 'kill -9 of the app, half of them with its child', seed: SEED });
    let next = startApp();
    // Until the random moments have hit what they are for: nearly always long before.
    for (let round = 0; round < ROUNDS || Object.values(counts).includes(0); round++) {
      const app = next;
      expect(await app.next()).toBe('ready');
      next = startApp();
      const withChild = round % 2 === 1;

      app.tell('go');
      await sleep(randomMoment());
      // Or it could start its child between the look and the kill: one that nobody waits for, and that works on.
      await freeze(app.pid);
      const [child] = childrenOf(app.pid);
      if (withChild) app.killGroup();
      else app.kill();
      kills.injected();
      await app.ended;
      await until(() => child === undefined || !isRunning(child));

      const left = filesOf(directory);
      const whole = checkBackups(directory);
      const partials = left.some((name) => name.includes('partial'));
      if (partials) counts.partials += 1;
      if (!withChild && child !== undefined && whole.length > 1) counts.finishedByOrphan += 1;
      kills.held(whole.length > 1 ? 'a whole backup' : 'none, and the older one');
      removeAllButFirst();
      if (partials || round % 10 === 9) await takeAnother();
    }
    expect(contentsOf(directory)).toEqual(untouched);
    checkLedger(database);
  },
  TIMEOUT_MS,
);

function startApp() {
  return start('backup-on-go.js', [database, directory], { detached: true });
}

/** A call after a crash: it works, and besides its backup nothing new is left. */
async function takeAnother(): Promise<void> {
  const startedAt = performance.now();
  const { name } = await service.createBackup();
  const tookMs = performance.now() - startedAt;
  // Other load on the machine comes and goes.
  usualMs = usualMs === 0 ? tookMs : (usualMs + tookMs) / 2;
  expect(checkBackups(directory)).toEqual([first.name, name]);
  removeAllButFirst();
  expect(filesOf(directory)).toEqual(Object.keys(untouched).sort());
}

/** So that the next one need not wait for a free second. What was never finished stays, for the next call to clean up. */
function removeAllButFirst(): void {
  for (const name of checkBackups(directory).filter((each) => each !== first.name)) {
    fs.rmSync(path.join(directory, name));
    fs.rmSync(path.join(directory, name.replace(/db$/, 'json')));
  }
}

/** In the first third of a run Node only starts, and nothing is there that could break. */
function randomMoment(): number {
  return (0.3 + 0.9 * random()) * usualMs;
}

function killIfRunning(pid: number | undefined): boolean {
  return pid !== undefined && isRunning(pid) && process.kill(pid, 'SIGKILL');
}
