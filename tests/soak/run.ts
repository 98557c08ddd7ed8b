// The shop of the demo, worked hard: `npm run soak -- --minutes 30 --seed 1`.
//
// A cluster of workers with @AutoBackup() methods, four tills that sell without a pause, backups, deletions that are
// recovered, verifications, copies, restores, and workers that are ended or killed. Every backup is checked against a book
// of what the shop has acknowledged, and what a leak would make grow is looked at. It ends with 1 if anything does not hold.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { randomNumbers } from '../support/random';
import { Ledger } from './ledger';
import { removeFolder } from '../support/temp-folder';
import { childrenOfThis, grown, sample } from './samples';
import type { Sample } from './samples';
import { Shop } from './shop';

const { serviceOptions } = require('./settings.js') as { serviceOptions: (folder: string) => BackupServiceOptions };

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string', default: String(process.pid) } },
});
const minutes = Number(values.minutes);
const random = randomNumbers(Number(values.seed));
// The demo's shop begins with so many invoices, which have nothing to do with the book.
const OF_THE_SEED = 10_000;
const TILLS = 4;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-soak-'));
const temporary = path.join(folder, 'tmp');
for (const name of ['shop', 'elsewhere', 'tmp']) fs.mkdirSync(path.join(folder, name));
process.env['TMPDIR'] = temporary;

const ledger = new Ledger();
const shop = new Shop(folder, 3);
const samples: Sample[] = [];
const done: Record<string, number> = {};
const checked = new Set<string>();
let compared = 0;
let over = false;
/** While the shop is closed for a restore, nothing is sold. */
let closed: Promise<void> | undefined;
let busyTills = 0;

function count(what: string): void {
  done[what] = (done[what] ?? 0) + 1;
}

async function till(): Promise<void> {
  while (!over) {
    await closed;
    busyTills += 1;
    const sale = { productId: 1 + Math.floor(random() * 40), quantity: 1 + Math.floor(random() * 3) };
    const answer = await shop.send('POST', '/invoices', { customer: 'soak', lines: [sale] });
    busyTills -= 1;
    if (answer === undefined) ledger.unanswered += 1;
    else {
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      ledger.sale((answer.body as { id: number }).id, sale);
    }
    await sleep(random() * 60);
  }
}

async function reader(): Promise<void> {
  while (!over) {
    await closed;
    const answer = await shop.send('GET', '/invoices');
    if (answer !== undefined) assert.equal(answer.status, 200);
    await sleep(random() * 100);
  }
}

async function backUp(backups: BackupService): Promise<string> {
  const before = ledger.expected();
  const { name, path: file } = await backups.createBackup({ label: 'soak' });
  compared += ledger.check(file, before);
  checked.add(name);
  count('backups of this process, compared with the book');
  return name;
}

/** Those that workers took before a sale: whole, though nobody knows which sales they must have. */
async function checkOthers(backups: BackupService): Promise<void> {
  for (const { name, path: file } of await backups.listBackups()) {
    // Retention may have removed it since it was listed.
    if (checked.has(name) || !fs.existsSync(file)) continue;
    checked.add(name);
    ledger.check(file, new Map());
    count('backups of others (workers, safety), checked');
  }
}

async function deleteAndRecover(backups: BackupService): Promise<void> {
  // Chosen before the backup, so that it is in it.
  const id = ledger.any(random);
  const name = await backUp(backups);
  if (id === undefined) return;
  ledger.begin(id);
  const answer = await shop.send('DELETE', `/invoices/${id}`);
  if (answer === undefined) return;
  assert.equal(answer.status, 204, JSON.stringify(answer.body));
  const report = await backups.recoverRows(name, { table: 'invoices', where: `id = ${id}` });
  assert.deepEqual(report.inserted, { invoices: 1, invoice_lines: 1 });
  ledger.end(id, true);
  count('invoices deleted, and recovered beside the tills');
}

async function restore(backups: BackupService): Promise<void> {
  const name = await backUp(backups);
  let open!: () => void;
  closed = new Promise((resolve) => (open = resolve));
  while (busyTills > 0) await sleep(5);
  await backups.restoreBackup(name);
  const restored = (await backups.listBackups()).find((backup) => backup.name === name)!;
  ledger.become(restored.path, OF_THE_SEED);
  closed = undefined;
  open();
  count('restores into the open shop');
  await backUp(backups);
}

async function verify(backups: BackupService): Promise<void> {
  const [newest] = await backups.listBackups();
  for (const level of ['quick', 'full', 'drill'] as const) {
    const report = await backups.verifyBackup(newest!.name, { level });
    assert.deepEqual(report.problems, []);
    count(`verifications, ${level}`);
  }
}

async function copies(backups: BackupService): Promise<void> {
  for (const { failed } of (await backups.shipPending()) as readonly { failed?: unknown }[])
    assert.equal(failed, undefined);
  const report = await backups.verifyCopy('latest', { level: 'full' });
  assert.deepEqual(report.problems, []);
  count('copies verified in the store');
}

async function main(): Promise<void> {
  // The compiler of this script is one.
  const others = childrenOfThis();
  console.log(`soak: ${minutes} minutes, --seed ${values.seed}, in ${folder}`);
  await shop.open();
  for (let id = 1; id <= 40; id++) {
    const answer = await shop.send('PATCH', `/products/${id}`, { stock: 1_000_000 });
    assert.equal(answer?.status, 200, JSON.stringify(answer?.body));
  }
  const backups = new BackupService(serviceOptions(folder));
  const crowd = Promise.all([...Array.from({ length: TILLS }, till), reader()]);
  // Whoever fails first ends it.
  crowd.catch(() => (over = true));
  const work = [
    backUp,
    deleteAndRecover,
    checkOthers,
    verify,
    copies,
    deleteAndRecover,
    restarts,
    checkOthers,
    restore,
  ];
  const endAt = Date.now() + minutes * 60_000;
  let rounds = 0;
  try {
    // Every kind of work is done at least once, however short or slow the run.
    for (; (Date.now() < endAt || rounds < 1) && !over; rounds++) {
      for (const step of work) {
        await step(backups);
        if (shop.failed) throw shop.failed;
      }
      await backups.whenIdle();
      const expected = [...others, ...shop.workers.map((worker) => worker.process.pid!)];
      samples.push(await sampleAtRest(expected));
    }
  } finally {
    over = true;
    await Promise.allSettled([crowd]);
    await backups.shutDown();
    await shop.close();
  }
  await crowd;
  const larger = grown(samples);
  print(rounds);
  assert.deepEqual(larger, [], `What has grown: ${larger.join(', ')}`);
}

let restartsDone = 0;
async function restarts(): Promise<void> {
  const signal = restartsDone++ % 2 === 0 ? 'SIGTERM' : 'SIGKILL';
  await shop.replaceOldest(signal);
  count(`workers replaced, ${signal}`);
}

/** The tills stand still for a moment, so that what is begun is not taken for what is left. */
async function sampleAtRest(expected: readonly number[]): Promise<Sample> {
  let open!: () => void;
  closed = new Promise((resolve) => (open = resolve));
  while (busyTills > 0) await sleep(5);
  // A child of a worker, and the sending of copies, end by themselves.
  const folders = ['shop', 'elsewhere'].map((name) => path.join(folder, name));
  let taken = sample(shop.veteran, expected, temporary, folders);
  for (let i = 0; i < 1200 && taken.children + taken.temporaryFiles > 0; i++) {
    await sleep(50);
    taken = sample(shop.veteran, expected, temporary, folders);
  }
  closed = undefined;
  open();
  return taken;
}

function print(rounds: number): void {
  const row = (name: string, value: unknown) => console.log(`  ${name.padEnd(52)}${String(value).padStart(12)}`);
  console.log('');
  row('rounds', rounds);
  row('sales acknowledged', ledger.sold);
  row('sales without an answer (their worker was killed)', ledger.unanswered);
  for (const [what, times] of Object.entries(done)) row(what, times);
  row('invoices compared with the book', compared);
  console.log('\n  at rest, after each round: first, last, most');
  for (const key of Object.keys(samples[0]!) as (keyof Sample)[]) {
    const all = samples.map((one) => one[key]);
    row(key, `${all[0]}, ${all.at(-1)}, ${Math.max(...all)}`);
  }
}

main().then(
  async () => {
    // The child of a worker that was killed may still write.
    await removeFolder(folder);
    console.log('\nAll of it holds.');
  },
  (error: unknown) => {
    console.error(error);
    console.error(`\nThe soak found something: --seed ${values.seed}; all of it is left in ${folder}`);
    process.exitCode = 1;
  },
);
