import { abortable, onAbort } from '#dist/util/on-abort.js';

test('many that wait for one signal are one listener, which goes with the last', () => {
  const controller = new AbortController();
  const add = jest.spyOn(controller.signal, 'addEventListener');
  const remove = jest.spyOn(controller.signal, 'removeEventListener');
  const told: number[] = [];
  const stops = Array.from({ length: 20 }, (_, i) => onAbort(controller.signal, () => told.push(i)));
  expect(add).toHaveBeenCalledTimes(1);
  stops.slice(1).forEach((stop) => stop());
  expect(remove).not.toHaveBeenCalled();
  controller.abort();
  expect(told).toEqual([0]);
  stops[0]!();
  expect(remove).toHaveBeenCalledTimes(1);
});

test('no signal, or one that is aborted already, calls nothing', () => {
  const never = jest.fn();
  onAbort(undefined, never)();
  onAbort(AbortSignal.abort(), never)();
  expect(never).not.toHaveBeenCalled();
});

test('a wait ends with the signal, and takes nothing along', async () => {
  const controller = new AbortController();
  const waiting = abortable(new Promise<never>(() => {}), controller.signal, () => new Error('given up'));
  controller.abort();
  await expect(waiting).rejects.toThrow('given up');
  await expect(abortable(Promise.resolve(1), AbortSignal.abort(), () => new Error('late'))).rejects.toThrow('late');
  await expect(abortable(Promise.resolve(1), null, () => new Error('never'))).resolves.toBe(1);
});
