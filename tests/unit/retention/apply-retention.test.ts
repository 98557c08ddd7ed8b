import { keep } from 'sqlite-autobackup';
import type { Backup, RetentionPolicy } from 'sqlite-autobackup';
import { applyRetention, retainInSlices } from '#dist/retention/apply-retention.js';
import { thrownBy } from '../../support/errors';
import { aBackup, localTime } from '../../support/planted-backups';

const now = localTime('2026-11-24 12:00:00');
/** Newest first: `n` backups, the first of today. */
const backups = (n: number, ...more: Partial<Backup>[]) =>
  Array.from({ length: n }, (_, i) => aBackup(new Date(now.getTime() - i * 86_400_000), more[i]));

/** A policy that keeps one and removes all others that it is shown. */
const keepOnly =
  (index: number): RetentionPolicy =>
  (shown) => ({
    keep: [{ backup: shown[index]!, reasons: ['wanted'] }],
    remove: shown.filter((_, i) => i !== index),
  });
const outcome = (policy: RetentionPolicy, all: readonly Backup[]) => {
  const plan = applyRetention(policy, all, now);
  return all.map((backup) => plan.keep.find((kept) => kept.backup === backup)?.reasons.join(', ') ?? 'goes');
};

test('the newest stays, whatever the policy wishes', () => {
  expect(outcome(keepOnly(2), backups(4))).toEqual(['newest', 'goes', 'wanted', 'goes']);
});

test.each([{ last: 15_000 }, { within: '80000d' }, { yearly: 3 }])(
  'of very many backups, the app has its turn all along the way: %j',
  (rules) => {
    const all = backups(20_000);
    const work = retainInSlices(keep(rules), all, now);
    let pauses = 0;
    let next = work.next();
    for (; !next.done; next = work.next()) pauses++;
    // One for each thousand that is looked at, at least twice.
    expect(pauses).toBeGreaterThanOrEqual(40);
    expect(next.value).toEqual(applyRetention(keep(rules), all, now));
  },
);

test('the newest without a problem stays, not only the newest name', () => {
  const all = backups(4, { problem: 'damaged' });
  expect(outcome(keepOnly(2), all)).toEqual(['damaged', 'newest', 'goes', 'wanted']);
});

test('the newest verified stays besides the newest, which may be the copy of another program', () => {
  const all = backups(5, {}, {}, { verified: 'quick' }, { verified: 'full' });
  expect(outcome(keepOnly(4), all)).toEqual(['newest', 'goes', 'newest verified', 'goes', 'wanted']);
});

test('a protected one stays', () => {
  expect(outcome(keepOnly(1), backups(4, {}, {}, {}, { protected: true }))).toEqual([
    'newest',
    'wanted',
    'goes',
    'protected',
  ]);
});

test.each(['damaged', 'dated in the future', 'unreadable manifest'] as const)(
  'one that is "%s" stays, and the policy is not shown it',
  (problem) => {
    const all = backups(3, {}, {}, { problem });
    const policy = jest.fn(keepOnly(0));
    expect(outcome(policy, all)).toEqual(['wanted, newest', 'goes', problem]);
    expect(policy.mock.calls[0]![0]).toEqual(all.slice(0, 2));
  },
);

test('a policy that keeps nothing removes nothing', () => {
  const reason = 'the policy keeps nothing, so nothing is removed';
  expect(outcome((shown) => ({ keep: [], remove: shown }), backups(3))).toEqual([`newest, ${reason}`, reason, reason]);
});

test('what the policy mentions in neither list stays', () => {
  const policy: RetentionPolicy = (shown) => ({ ...keepOnly(0)(shown, { now }), remove: [shown[1]!] });
  expect(outcome(policy, backups(3))).toEqual(['wanted, newest', 'goes', 'not removed by the policy']);
});

test('what is in both lists stays', () => {
  const policy: RetentionPolicy = (shown) => ({ ...keepOnly(1)(shown, { now }), remove: shown });
  expect(outcome(policy, backups(3))).toEqual(['newest', 'wanted', 'goes']);
});

test('the policy is given a frozen list and the time, and the list of the caller stays as it is', () => {
  const all = backups(3);
  const policy: RetentionPolicy = (shown, context) => {
    expect(Object.isFrozen(shown)).toBe(true);
    expect(context).toEqual({ now });
    return keepOnly(0)(shown, context);
  };
  applyRetention(policy, all, now);
  expect(all).toEqual(backups(3));
  expect(Object.isFrozen(all)).toBe(false);
});

test('an empty folder is no problem', () => {
  expect(applyRetention(() => ({ keep: [], remove: [] }), [], now)).toEqual({ keep: [], remove: [], warnings: [] });
});

test.each<[string, unknown, RegExp]>([
  [
    'throws',
    () => {
      throw new Error('no idea');
    },
    /failed: no idea\./,
  ],
  ['returns nothing', () => undefined, /failed: /],
  ['returns a promise', async () => ({ keep: [], remove: [] }), /failed: it returned a promise\./],
  [
    'returns names instead of backups',
    (all: Backup[]) => ({ keep: [], remove: all.map(({ name }) => name) }),
    /failed: /,
  ],
  [
    'names one that it was not given',
    (all: Backup[]) => ({ keep: [], remove: [{ ...all[0]! }] }),
    /it names "app_backup_20261124_120000\.db", which is not one of the backups it was given/,
  ],
])('a policy that %s removes nothing, and the error says what it should return', (_what, policy, message) => {
  const error = thrownBy(() => applyRetention(policy as RetentionPolicy, backups(3), now));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_RETENTION_FAILED', step: 'prune' });
  expect(error.message).toMatch(message);
  expect(error.hint).toContain('Nothing was removed');
});

test('a policy that takes the protection off a backup removes it no more than any other', () => {
  const all = backups(4, {}, {}, {}, { protected: true });
  const unprotect: RetentionPolicy = (shown) => {
    (shown[3] as { protected: boolean }).protected = false;
    return keepOnly(1)(shown, { now });
  };
  expect(outcome(unprotect, all)).toEqual(['newest', 'wanted', 'goes', 'protected']);
});

test('a backup that a policy wants both kept and removed stays, also without a reason', () => {
  const both: RetentionPolicy = (shown) => ({
    keep: [{ backup: shown[2]!, reasons: [] }],
    remove: [shown[2]!, shown[1]!],
  });
  expect(outcome(both, backups(3))).toEqual(['newest', 'goes', 'not removed by the policy']);
});

test.each([[5], ['abc'], [['']], [[1]], [undefined]])('reasons of %p are a failure of the policy', (reasons) => {
  const policy = (shown: readonly Backup[]) => ({ keep: [{ backup: shown[0], reasons }], remove: [shown[1]] });
  const error = thrownBy(() => applyRetention(policy as unknown as RetentionPolicy, backups(3), now));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_RETENTION_FAILED' });
  expect(error.message).toContain('not a list of texts');
});

test('what was just made stays, also where the clock was put back and it is not the newest', () => {
  const all = backups(3);
  const last: RetentionPolicy = keep({ last: 1 });
  const plan = applyRetention(last, all, now, all[1]!.name);
  expect(plan.keep.map(({ backup, reasons }) => [backup.name, reasons])).toEqual([
    [all[0]!.name, ['last 1 of 1', 'newest']],
    [all[1]!.name, ['just made']],
  ]);
  expect(plan.remove).toEqual([all[2]]);
});

test("a policy's warnings are passed on", () => {
  const warned: RetentionPolicy = (all) => ({ keep: [], remove: [...all], warnings: ['The clock is wrong.'] });
  expect(applyRetention(warned, backups(2), now).warnings).toEqual(['The clock is wrong.']);
});

test('a policy that changes what it is shown does not change which files are deleted', () => {
  const all = backups(3);
  const paths = all.map(({ path }) => path);
  const spoiling: RetentionPolicy = (shown) => {
    for (const backup of shown) (backup as { path: string }).path = '/shop/app.db';
    return { keep: [{ backup: shown[0]!, reasons: ['wanted'] }], remove: shown.slice(1) };
  };
  expect(applyRetention(spoiling, all, now).remove.map(({ path }) => path)).toEqual(paths.slice(1));
  expect(all.map(({ path }) => path)).toEqual(paths);
});

test('a policy that is async is refused, and its rejection does not end the app', () => {
  const answer = Promise.reject(new Error('a bug'));
  const caught = jest.spyOn(answer, 'catch');
  const policy = (() => answer) as unknown as RetentionPolicy;
  expect(thrownBy(() => applyRetention(policy, backups(3), now))).toMatchObject({
    code: 'ERR_BACKUP_RETENTION_FAILED',
  });
  expect(caught).toHaveBeenCalledTimes(1);
});
