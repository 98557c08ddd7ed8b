import { admit, begun, ended, MAX_ENDED, MAX_RUNNING, progressed } from '#dist/dashboard/jobs/register.js';
import type { Entry, Order } from '#dist/dashboard/jobs/register.js';
import { furthest, phasesOf } from '#dist/dashboard/jobs/phases.js';
import { createFlashStore } from '#dist/dashboard/flash-store.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 9, 0, second));
const order = (kind: Order['kind'], key = ''): Order => ({ kind, key });
const running = (...orders: Order[]) =>
  orders.reduce<Entry[]>((jobs, each, i) => begun(jobs, `job ${i}`, each, at(i)), []);

test('the same work is joined, other work begins beside it', () => {
  const jobs = running(order('backup'), order('verify', 'quick a.db'));
  expect(admit(jobs, order('backup'))).toMatchObject({ how: 'join', job: { id: 'job 0' } });
  expect(admit(jobs, order('verify', 'quick a.db'))).toMatchObject({ how: 'join', job: { id: 'job 1' } });
  expect(admit(jobs, order('verify', 'full a.db'))).toEqual({ how: 'start' });
});

test('what writes to the database waits for nothing and nobody: a second one is refused, the same one too', () => {
  const jobs = running(order('restore', 'a.db'));
  expect(admit(jobs, order('restore', 'a.db'))).toMatchObject({ how: 'busy', job: { id: 'job 0' } });
  expect(admit(jobs, order('restore', 'b.db'))).toMatchObject({ how: 'busy' });
  expect(admit(jobs, order('backup'))).toEqual({ how: 'start' });
  expect(admit(ended(jobs, 'job 0', { code: 'ERR_X', cancelled: false }, at(9)), order('restore', 'b.db'))).toEqual({
    how: 'start',
  });
});

test('only so many run at once', () => {
  const jobs = running(...Array.from({ length: MAX_RUNNING }, (_, i) => order('verify', String(i))));
  expect(admit(jobs, order('verify', 'another'))).toEqual({ how: 'full' });
});

test('ended jobs are forgotten from the oldest on, running ones never', () => {
  let jobs = running(order('restore', 'a.db'));
  for (let i = 0; i < MAX_ENDED + 20; i++) {
    jobs = begun(jobs, `check ${i}`, order('verify', String(i)), at(i));
    jobs = ended(jobs, `check ${i}`, { code: 'ERR_X', cancelled: i % 2 === 0 }, at(i));
  }
  expect(jobs).toHaveLength(MAX_ENDED + 1);
  expect(jobs[0]).toMatchObject({ id: `check ${MAX_ENDED + 19}`, state: 'failed', code: 'ERR_X' });
  expect(jobs.at(-1)).toMatchObject({ id: 'job 0', state: 'running' });
  expect(jobs.at(-2)).toMatchObject({ id: 'check 20', state: 'cancelled' });
});

test('a job ends once, and its progress is over then', () => {
  let jobs = running(order('backup'));
  jobs = ended(jobs, 'job 0', { code: 'ERR_X', cancelled: false }, at(5));
  const before = jobs[0];
  jobs = progressed(jobs, 'job 0', { step: 'copy', doneBytes: 1, totalBytes: 2 });
  jobs = ended(jobs, 'job 0', { code: 'ERR_Y', cancelled: true }, at(6));
  expect(jobs[0]).toEqual(before);
});

test('phases only go forward, also where a step comes again', () => {
  expect(phasesOf('restore')).toEqual(['check', 'wait', 'safety', 'restore', 'compare']);
  const steps = [
    'lock',
    'check',
    'space',
    'block-writers',
    'copy',
    'publish',
    'block-writers',
    'restore',
    'compare',
  ] as const;
  let phase = 0;
  expect(steps.map((step) => (phase = furthest('restore', step, phase)))).toEqual([0, 0, 0, 1, 2, 2, 2, 3, 4]);
});

describe('messages', () => {
  const flash = { done: 'deleted' } as const;

  test('are shown once, to the browser that they are for', () => {
    const store = createFlashStore();
    const id = store.put('me', flash);
    expect(store.take(id, 'you', 'new')).toBeUndefined();
    expect(store.take(id, undefined, 'new')).toBeUndefined();
    expect(store.take(id, 'me', 'same')).toBeUndefined();
    expect(store.take(id, 'me', 'new')).toBe(flash);
    expect(store.take(id, 'me', 'same')).toBe(flash);
    expect(store.take(id, 'me', 'other')).toBeUndefined();
    expect(store.take(id, 'me', 'new')).toBeUndefined();
    expect(store.take(undefined, 'me', 'new')).toBeUndefined();
  });

  test('that nobody comes for are forgotten', () => {
    const store = createFlashStore(2);
    const [first, second] = [store.put('me', flash), store.put('me', flash), store.put('me', flash)];
    expect(store.take(first, 'me', 'new')).toBeUndefined();
    expect(store.take(second, 'me', 'new')).toBe(flash);
  });
});
