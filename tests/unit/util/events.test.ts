import type { BackupEvents } from 'sqlite-autobackup';
import { EVENT_NAMES } from '#dist/service/events.js';
import { Events } from '#dist/util/events.js';
import { thrownBy } from '../../support/errors';

const deleted = { name: 'app_backup_20261124_093000.db' };

function withLog(): { events: Events<BackupEvents>; log: [string, unknown][] } {
  const log: [string, unknown][] = [];
  return { events: new Events<BackupEvents>(EVENT_NAMES, (event, error) => log.push([event, error])), log };
}

test('every listener of an event receives its payload, in the order in which they were added', () => {
  const { events } = withLog();
  const seen: unknown[] = [];
  events.on('deleted', (event) => seen.push(['first', event]));
  events.on('deleted', (event) => seen.push(['second', event]));
  events.on('pruned', () => seen.push('another event'));
  events.emit('deleted', deleted);
  expect(seen).toEqual([
    ['first', deleted],
    ['second', deleted],
  ]);
});

test('a listener hears nothing more after it was taken off, and taking it off twice is callSafely', () => {
  const { events } = withLog();
  const listener = jest.fn();
  const off = events.on('deleted', listener);
  events.emit('deleted', deleted);
  off();
  off();
  events.emit('deleted', deleted);
  expect(listener).toHaveBeenCalledTimes(1);
});

test('a listener that takes itself off does not make its neighbour miss the event', () => {
  const { events } = withLog();
  const neighbour = jest.fn();
  const off = events.on('deleted', () => off());
  events.on('deleted', neighbour);
  events.emit('deleted', deleted);
  expect(neighbour).toHaveBeenCalledTimes(1);
});

test('a listener that throws is reported, and the others still run', () => {
  const { events, log } = withLog();
  const after = jest.fn();
  const failure = new Error('listener');
  events.on('deleted', () => {
    throw failure;
  });
  events.on('deleted', after);
  expect(() => events.emit('deleted', deleted)).not.toThrow();
  expect(after).toHaveBeenCalledTimes(1);
  expect(log).toEqual([['deleted', failure]]);
});

test('an async listener that fails is reported, not an unhandled rejection, and the others still run', async () => {
  const { events, log } = withLog();
  const after = jest.fn();
  const failure = new Error('async listener');
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what JavaScript users do
  events.on('deleted', async () => {
    throw failure;
  });
  events.on('deleted', after);
  events.emit('deleted', deleted);
  expect(after).toHaveBeenCalledTimes(1);
  await new Promise(setImmediate);
  expect(log).toEqual([['deleted', failure]]);
});

test('an event without listeners is no error', () => {
  const { events, log } = withLog();
  events.emit('failed', { error: new Error('unheard') as never });
  expect(log).toEqual([]);
});

test('a listener that is no function is refused with the event and the value', () => {
  const { events } = withLog();
  const error = thrownBy(() => events.on('created', 'log it' as never));
  expect([error.code, error.message]).toEqual([
    'ERR_BACKUP_OPTIONS',
    'on("created"): the listener is "log it". It must be a function.',
  ]);
});
