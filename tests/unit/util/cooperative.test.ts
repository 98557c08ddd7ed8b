import { runSync, runYielding } from '#dist/util/cooperative.js';

function* steps(count: number, done: number[], spend: () => void = () => {}): Generator<void, string> {
  for (let i = 0; i < count; i += 1) {
    spend();
    done.push(i);
    yield;
  }
  return 'all done';
}

function* failing(): Generator<void, never> {
  yield;
  throw new Error('in the middle');
}

test('at once: all steps are done when it returns', () => {
  const done: number[] = [];
  expect(runSync(steps(5, done))).toBe('all done');
  expect(done).toEqual([0, 1, 2, 3, 4]);
});

test('in slices: short work is done in one slice, without giving up the event loop', async () => {
  const done: number[] = [];
  const spy = jest.spyOn(performance, 'now').mockReturnValue(0);
  try {
    const work = runYielding(steps(3, done));
    expect(done).toEqual([0, 1, 2]);
    await expect(work).resolves.toBe('all done');
  } finally {
    spy.mockRestore();
  }
});

test('in slices: long work lets others run in between, and is finished', async () => {
  const done: number[] = [];
  let clock = 0;
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => clock);
  try {
    const work = runYielding(steps(30, done, () => (clock += 1)));
    const afterFirstSlice = done.length;
    expect(afterFirstSlice).toBeLessThan(10);
    await new Promise(setImmediate);
    expect(done.length).toBeGreaterThan(afterFirstSlice);
    expect(done.length).toBeLessThan(30);
    await expect(work).resolves.toBe('all done');
    expect(done).toHaveLength(30);
  } finally {
    spy.mockRestore();
  }
});

test("in slices: goes on under fake timers of the app's tests that leave the performance clock as it is", async () => {
  let clock = 0;
  jest.useFakeTimers({ doNotFake: ['performance'] });
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => clock);
  try {
    await expect(runYielding(steps(30, [], () => (clock += 1)))).resolves.toBe('all done');
  } finally {
    spy.mockRestore();
    jest.useRealTimers();
  }
}, 10_000);

test('an error in the work comes out of either', async () => {
  expect(() => runSync(failing())).toThrow('in the middle');
  await expect(runYielding(failing())).rejects.toThrow('in the middle');
});
