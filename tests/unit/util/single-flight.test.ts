import { isBackupError } from 'sqlite-autobackup';
import type { BackupProgress } from 'sqlite-autobackup';
import { SingleFlight } from '#dist/util/single-flight.js';
import { rejectionOf } from '../../support/errors';

interface Attempt {
  flight: SingleFlight<string>;
  signal: AbortSignal;
  progress: (progress: BackupProgress) => void;
  land: (value: string) => void;
  crash: (error: Error) => void;
}

/** A flight whose end the test decides. */
function start(): Attempt {
  const attempt = {} as Attempt;
  attempt.flight = new SingleFlight((control) => {
    attempt.signal = control.signal!;
    attempt.progress = control.onProgress!;
    return new Promise((resolve, reject) => Object.assign(attempt, { land: resolve, crash: reject }));
  });
  return attempt;
}

const halfway: BackupProgress = { step: 'copy', doneBytes: 50, totalBytes: 100 };

test('all who join get the result of the one attempt', async () => {
  const { flight, land } = start();
  const joined = [flight.join(), flight.join({ onProgress: () => {} }), flight.join()];
  land('made');
  await expect(Promise.all(joined)).resolves.toEqual(['made', 'made', 'made']);
});

test('all who join get its failure', async () => {
  const { flight, crash } = start();
  const joined = [flight.join(), flight.join({ signal: new AbortController().signal })];
  crash(new Error('disk full'));
  for (const each of joined) await expect(each).rejects.toThrow('disk full');
});

test('all who ask for it hear of the progress, until they have their answer', async () => {
  const { flight, progress, land } = start();
  const [first, second] = [jest.fn(), jest.fn()];
  const joined = [flight.join({ onProgress: first }), flight.join({ onProgress: second })];
  progress(halfway);
  land('made');
  await Promise.all(joined);
  progress(halfway);
  expect(first.mock.calls).toEqual([[halfway]]);
  expect(second.mock.calls).toEqual([[halfway]]);
});

test('one who gives up is told at once, and the attempt goes on for the others', async () => {
  const { flight, signal, land } = start();
  const controller = new AbortController();
  const impatient = flight.join({ signal: controller.signal });
  const patient = flight.join();
  const why = new Error('request closed');
  controller.abort(why);

  const error = await rejectionOf(impatient);
  expect(error).toMatchObject({ code: 'ERR_BACKUP_CANCELLED', step: 'call', cause: why });
  expect(signal.aborted).toBe(false);
  expect(flight.joinable).toBe(true);
  land('made');
  await expect(patient).resolves.toBe('made');
});

test('when the last one gives up the attempt itself is cancelled, and that one waits until it has cleaned up', async () => {
  const { flight, signal, crash } = start();
  const controllers = [new AbortController(), new AbortController()] as const;
  const joined = controllers.map(({ signal }) => flight.join({ signal }));
  const settled: number[] = [];
  joined.forEach((each, i) => void each.catch(() => settled.push(i)));

  controllers[0].abort();
  await new Promise(setImmediate);
  expect([settled, signal.aborted]).toEqual([[0], false]);

  controllers[1].abort('closing');
  await new Promise(setImmediate);
  expect([settled, signal.aborted, signal.reason]).toEqual([[0], true, 'closing']);
  expect(flight.joinable).toBe(false);

  crash(new Error('cleaned up'));
  await expect(joined[1]).rejects.toThrow('cleaned up');
});

test('one who comes with an aborted signal gives up at once and takes nobody along', async () => {
  const { flight, signal, land } = start();
  const patient = flight.join();
  const late = flight.join({ signal: AbortSignal.abort() });
  expect(isBackupError(await rejectionOf(late), 'ERR_BACKUP_CANCELLED')).toBe(true);
  expect(signal.aborted).toBe(false);
  land('made');
  await expect(patient).resolves.toBe('made');
});

test('a signal that is aborted after the result changes nothing, and holds no listener', async () => {
  const { flight, signal, land } = start();
  const controller = new AbortController();
  const remove = jest.spyOn(controller.signal, 'removeEventListener');
  const joined = flight.join({ signal: controller.signal });
  land('made');
  await joined;
  expect(remove).toHaveBeenCalledTimes(1);
  controller.abort();
  expect(signal.aborted).toBe(false);
});
