import fs from 'node:fs';
import path from 'node:path';
import { BackupService, isBackupError } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import type { JournalMode } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { isolatedChildOf, isRunning, sleep, useScripts } from '../support/processes';
import { randomNumbers } from '../support/random';
import { createState, fillState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, filesOf } from '../support/whole-backups';

const start = useScripts();
const faults = useFaultRecord();
const folder = useTempFolder();

// The long run: KILL_ROUNDS=200 npx jest --selectProjects faults --testPathPatterns restore-kill
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 24);
/** It only bounds what hangs. */
const TIMEOUT_MS = 3_600_000;
// KILL_SEED=… repeats the moments of a run (as far as a busy machine lets them repeat).
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const random = randomNumbers(SEED);

// One is larger than the other, so that a restore also truncates, and so that a mix of the two can't have the right rows.
const A: State = { tag: 'a', rows: 500 };
const B: State = { tag: 'b', rows: 1500 };

test.each<JournalMode>(['wal', 'delete'])(
  `kill -9 of a restore at ${ROUNDS} random moments, in %s mode: entirely the old or entirely the restored database (seed ${SEED})`,
  async (mode) => {
    const database = folder.file('app.db');
    const directory = folder.file('backups');
    fs.mkdirSync(directory);
    const db = createState(database, mode, A);
    const service = new BackupService({ database, directory, logger: memoryLogger() });
    const a = await service.createBackup();
    fillState(db, B);
    db.close();
    const b = await service.createBackup();
    // An app with a connection that stays open all the time: it must see the one or the other too.
    const app = start('state-app.js', ['better-sqlite3', database]);
    expect(await app.next()).toEqual([B]);
    const untouched = filesOf(directory);

    let now = B;
    const kills = faults({ law: 7, fault: `kill -9 of a restore, ${mode}`, seed: SEED });
    const counts = { old: 0, restored: 0, killedWhileWriting: 0 };
    const usual = { wholeMs: 0, writingMs: 0 };
    /** The random moments have hit what they are for. */
    const haveHit = () =>
      counts.old > ROUNDS / 10 && counts.restored > ROUNDS / 20 && counts.killedWhileWriting > ROUNDS / 20;
    /** How much of the writing is aimed at: less, where the kills come too late for it. */
    let reach = 1;
    const other = (state: State): [State, Backup] => (state.tag === 'a' ? [B, b] : [A, a]);

    /** A restore that may run to its end, for how long it takes now: other load comes and goes. */
    async function measure() {
      const [next, backup] = other(now);
      const startedAt = performance.now();
      let writingSince = startedAt;
      await service.restoreBackup(backup.name, {
        onProgress: ({ step, doneBytes }) => {
          if (step === 'restore' && doneBytes === 0) writingSince = performance.now();
        },
      });
      const endedAt = performance.now();
      usual.wholeMs = endedAt - startedAt;
      usual.writingMs = endedAt - writingSince;
      removeSafetyBackups(now);
      now = next;
      expect(stateOf(database)).toEqual(now);
    }

    /** So that the next one need not wait for a free second. */
    function removeSafetyBackups(before: State) {
      for (const name of backupNames(directory).filter((each) => each !== a.name && each !== b.name)) {
        // Each is of the state before, whole.
        expect(stateOf(path.join(directory, name))).toEqual(before);
        fs.rmSync(path.join(directory, name));
        fs.rmSync(path.join(directory, name.replace(/db$/, 'json')));
      }
    }

    await measure();
    // Nearly always no more than these: what a machine's load does to the moments is made up for.
    for (let round = 0; round < ROUNDS || !haveHit(); round++) {
      if (round % 20 === 19) await measure();
      const [next, backup] = other(now);
      // Half of the moments anywhere, half where the live database is being written.
      let step = '';
      let writing!: () => void;
      const isWriting = new Promise<void>((resolve) => (writing = resolve));
      const attempt = service
        .restoreBackup(backup.name, {
          onProgress(progress) {
            step = progress.step;
            if (step === 'restore') writing();
          },
        })
        .then(
          () => 'restored',
          (error: unknown) => (isBackupError(error, 'ERR_BACKUP_CHILD_FAILED') ? 'killed' : error),
        );
      if (round % 2 === 0) {
        await sleep((0.3 + 0.9 * random()) * usual.wholeMs);
      } else {
        await Promise.race([isWriting, attempt]);
        await sleep(random() * reach * usual.writingMs);
      }
      const child = isolatedChildOf(process.pid);
      const killed = child !== undefined && isRunning(child) && process.kill(child, 'SIGKILL');
      if (killed) kills.injected();
      const end = await attempt;
      expect(['restored', 'killed']).toContain(end);
      const whileWriting = end !== 'restored' && step === 'restore';
      if (whileWriting) counts.killedWhileWriting += 1;
      if (round % 2 === 1) reach = whileWriting ? Math.min(1, reach * 1.2) : reach * 0.9;

      // The app first, with its connection of old; then whoever comes next, with a full check.
      const [seen, ...more] = await app.ask<State[]>('state');
      expect(more).toEqual([]);
      expect(stateOf(database)).toEqual(seen);
      if (end === 'restored') expect(seen).toEqual(next);
      else expect([now, next]).toContainEqual(seen);
      // The safety backup of this attempt, if it came so far, is of the state before.
      removeSafetyBackups(now);
      counts[seen!.tag === next.tag ? 'restored' : 'old'] += 1;
      now = seen!;
      // All but a manifest that came before its backup, which the next attempt sweeps.
      expect(filesOf(directory).filter((name) => name.includes('partial'))).toEqual([]);
      if (killed) kills.held(seen!.tag === next.tag ? 'entirely the restored one' : 'entirely the old one');
    }
    expect(await app.ask('write')).toEqual({ check: 'ok' });
    await app.ask('undo');
    await measure();
    expect(filesOf(directory)).toEqual(untouched);
  },
  TIMEOUT_MS,
);
