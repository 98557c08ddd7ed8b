import fs from 'node:fs';
import { keep } from 'sqlite-autobackup';
import type { KeepRules } from 'sqlite-autobackup';
import { rulesOf } from '#dist/retention/keep.js';
import { formatPolicy, keepEverything, policyOf, readRecordedPolicy } from '#dist/retention/recorded-policy.js';
import { runSync } from '#dist/util/file-work.js';
import { aBackup, NAMING } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const FILE = '.app_backup.policy.json';
const read = () => runSync(readRecordedPolicy({ directory: folder.path, naming: NAMING }));
const recorded = (text: string) => {
  fs.writeFileSync(folder.file(FILE), text);
  return read();
};

test.each<[KeepRules]>([
  [{ last: 5, monthly: 60 }],
  [{ last: Infinity, within: '30d' }],
  [{ last: 20, within: 86_400_000, daily: 7, weekly: 8, monthly: 12, yearly: 0 }],
])('the rules %j are read as they were written', (rules) => {
  expect(recorded(formatPolicy(keep(rules)))).toEqual(rules);
});

test('a policy that is code is said to be code', () => {
  expect(recorded(formatPolicy(() => ({ keep: [], remove: [] })))).toBe('code');
});

test.each([
  ['half a record', '{"formatVersion": 1, "retent'],
  ['another version', '{"formatVersion":2,"retention":{"last":5}}'],
  ['a rule that this version does not know', '{"formatVersion":1,"retention":{"last":5,"hourly":3}}'],
  ['a count that is a text', '{"formatVersion":1,"retention":{"last":"5"}}'],
  ['a count below zero', '{"formatVersion":1,"retention":{"last":-5}}'],
  ['a length without a unit', '{"formatVersion":1,"retention":{"within":30}}'],
  ['a list', '{"formatVersion":1,"retention":[5]}'],
  ['null', 'null'],
])('%s is not understood, and whoever does not know the policy keeps everything', (_what, text) => {
  expect(recorded(text)).toBe('unreadable');
  const backups = [aBackup('2026-11-24 10:00:00'), aBackup('2020-11-24 10:00:00')];
  const { keep: kept, remove } = policyOf(recorded(text), keep({ last: 1 }))(backups, { now: new Date() });
  expect([kept.length, remove.length]).toEqual([2, 0]);
});

test('a link in its place is not followed', () => {
  fs.writeFileSync(folder.file('elsewhere'), formatPolicy(keep({ last: 1 })));
  fs.symlinkSync(folder.file('elsewhere'), folder.file(FILE));
  expect(read()).toBe('unreadable');
});

test("the app's policy comes before the default of somebody who was given none", () => {
  const byDefault = keep({ last: 20 });
  expect(read()).toBeUndefined();
  expect(policyOf(undefined, byDefault)).toBe(byDefault);
  expect(rulesOf(policyOf({ monthly: 60 }, byDefault))).toEqual({ monthly: 60 });
  expect(policyOf('code', byDefault)).toBe(keepEverything);
});
