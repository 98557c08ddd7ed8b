import fs from 'node:fs';
import { keep } from 'sqlite-autobackup';
import type { KeepRules, RetentionPolicy } from 'sqlite-autobackup';
import { rulesOf } from '#dist/retention/keep.js';
import { policyDigest } from '#dist/catalog/policy-record.js';
import { formatPolicy, keepEverything, policyOf, readPolicyRecord } from '#dist/retention/recorded-policy.js';
import { runSync } from '#dist/util/file-work.js';
import { aBackup, aManifest, NAMING } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const FILE = '.app_backup.policy.json';
const read = () => runSync(readPolicyRecord({ directory: folder.path, naming: NAMING }));
const recorded = (text: string) => {
  fs.writeFileSync(folder.file(FILE), text);
  return read();
};

test.each<[KeepRules]>([
  [{ last: 5, monthly: 60 }],
  [{ last: Infinity, within: '30d' }],
  [{ last: 20, within: 86_400_000, daily: 7, weekly: 8, monthly: 12, yearly: 0 }],
])('the rules %j are read as they were written', (rules) => {
  expect(recorded(formatPolicy(keep(rules)))).toMatchObject({ retention: rules });
});

test('a policy that is code is said to be code', () => {
  expect(recorded(formatPolicy(() => ({ keep: [], remove: [] })))).toMatchObject({ retention: 'code' });
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
  const policy = policyOf(recorded(text), backups, keep({ last: 1 }));
  const { keep: kept, remove } = policy(backups, { now: new Date() });
  expect([kept.length, remove.length]).toEqual([2, 0]);
});

test('a link in its place is not followed', () => {
  fs.writeFileSync(folder.file('elsewhere'), formatPolicy(keep({ last: 1 })));
  fs.symlinkSync(folder.file('elsewhere'), folder.file(FILE));
  expect(read()).toBe('unreadable');
});

describe('somebody who was given no policy', () => {
  const byDefault = keep({ last: 20 });
  const theirs = formatPolicy(keep({ monthly: 60 }));
  const theirDigest = policyDigest(JSON.parse(theirs));
  const written = (text: string, at?: string) => recorded(JSON.stringify({ ...(JSON.parse(text) as object), at }));
  const newest = (policy?: string) => [
    aBackup('2026-11-24 10:00:00', {
      manifest: aManifest({ createdAt: '2026-11-24T09:00:00.000Z', ...(policy !== undefined && { policy }) }),
    }),
  ];
  const removedBy = (policy: RetentionPolicy) =>
    policy([aBackup('2026-11-24 10:00:00'), aBackup('2020-11-24 10:00:00')], { now: new Date() }).remove;

  test("applies the app's, under which its newest backup was made", () => {
    expect(rulesOf(policyOf(written(theirs), newest(theirDigest), byDefault))).toEqual({ monthly: 60 });
  });

  test('applies the default where nobody who has a policy has made a backup', () => {
    expect(policyOf(read(), newest(), byDefault)).toBe(byDefault);
    expect(policyOf(read(), [], byDefault)).toBe(byDefault);
  });

  test("applies the app's newer one, which it wrote after its newest backup", () => {
    expect(rulesOf(policyOf(written(theirs, '2026-11-24T09:00:00.000Z'), newest('0'.repeat(16)), byDefault))).toEqual({
      monthly: 60,
    });
  });

  test.each([
    ['is missing', () => read()],
    ['has no time, and is not that of the newest backup', () => written(theirs)],
    ['is older than the newest backup, and not that of it', () => written(theirs, '2026-11-24T08:59:59.999Z')],
  ])('removes nothing, and says why, where the record %s', (_what, record) => {
    const policy = policyOf(record(), newest('0'.repeat(16)), keep({ last: 1 }));
    expect(removedBy(policy)).toEqual([]);
    expect(policy([], { now: new Date() }).warnings?.[0]).toContain('"retention"');
  });

  test('removes nothing where the policy is code', () => {
    expect(policyOf(recorded(formatPolicy(() => ({ keep: [], remove: [] }))), newest(), byDefault)).toBe(
      keepEverything,
    );
  });
});
