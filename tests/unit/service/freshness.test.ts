import { Freshness } from '#dist/service/freshness.js';
import { DAY, HOUR } from '../../support/planted-backups';

const options = { intervalMs: 7 * DAY, recheckMs: HOUR, enabled: true };

test('a backup is believed fresh only while it is younger than the interval', () => {
  const freshness = new Freshness(options);
  freshness.believe(Date.now() - 7 * DAY);
  expect(freshness.open).toBe(false);
  freshness.believe(Date.now() - 6 * DAY);
  expect(freshness.open).toBe(true);
  freshness.forget();
  expect([freshness.open, freshness.knownFor(30 * DAY)]).toEqual([false, false]);
});

test('while a call waits, none is let in, however fresh the backup is', () => {
  const freshness = new Freshness(options);
  freshness.hold(true);
  freshness.believe(Date.now());
  expect([freshness.open, freshness.knownFor(options.intervalMs)]).toEqual([false, true]);
  freshness.hold(false);
  expect(freshness.open).toBe(true);
  freshness.forget();
});
