import fs from 'node:fs';
import path from 'node:path';
import { keep } from 'sqlite-autobackup';
import type { Backup, KeepRules } from 'sqlite-autobackup';
import { applyRetention } from '#dist/retention/apply-retention.js';
import { newestFirst } from '#dist/catalog/backup.js';
import { aBackup } from '../../support/planted-backups';

/** One file of `golden/`: rules, a folder, and line by line what becomes of each backup and why. */
interface Golden {
  about: string;
  rules: KeepRules;
  /** Local times; with an object where there is more to say of one. */
  backups: (string | ({ at: string } & Partial<Omit<Backup, 'createdAt'>>))[];
  /** Newest first. */
  decision: string[];
}

const FOLDER = path.join(__dirname, 'golden');
const files = fs.readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

function decide({ rules, backups }: Golden): string[] {
  const at = new Map<Backup, string>();
  for (const each of backups) {
    const { at: time, ...more } = typeof each === 'string' ? { at: each } : each;
    at.set(aBackup(time, more), time);
  }
  const sorted = [...at.keys()].sort(newestFirst);
  const plan = applyRetention(keep(rules), sorted, new Date());
  const kept = new Map(plan.keep.map(({ backup, reasons }) => [backup, reasons]));
  expect([...kept.keys(), ...plan.remove].sort(newestFirst)).toEqual(sorted);
  return sorted.map((backup) => {
    const reasons = kept.get(backup);
    return `${at.get(backup)!} ${reasons ? `stays: ${reasons.join(', ')}` : 'goes'}`;
  });
}

test.each(files)('%s: every decision and its reasons are as recorded', (file) => {
  const golden = JSON.parse(fs.readFileSync(path.join(FOLDER, file), 'utf8')) as Golden;
  expect(decide(golden)).toEqual(golden.decision);
});

test('there are golden files', () => {
  expect(files.length).toBeGreaterThanOrEqual(9);
});
