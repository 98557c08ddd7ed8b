import { Counter, Gauge, register } from 'prom-client';
import type { Registry } from 'prom-client';
import { KnownServices } from './known-services.js';
import type { WatchOptions } from './known-services.js';
import { FAILURES, GAUGES } from './metrics.js';
import type { Metric, Sample } from './metrics.js';

/** Options of `collectBackupMetrics()`. */
export interface CollectOptions extends WatchOptions {
  /** @default the global one of prom-client */
  readonly registry?: Registry;
}

/**
 * Adds the state of the backups to a registry of prom-client. Call it before the app makes its services.
 *
 * @returns a function that takes it out again
 * @example
 * collectBackupMetrics();
 */
export function collectBackupMetrics(options: CollectOptions = {}): () => void {
  const { registry = register } = options;
  const registers = [registry];
  const failuresName = `${nameOf(FAILURES)}_total`;
  const failures = new Counter({
    name: failuresName,
    help: FAILURES.help,
    labelNames: ['database', 'code'],
    registers,
  });
  const services = new KnownServices(options, (labels, code) => failures.inc({ ...labels, code }));
  // All gauges of one scrape share one look.
  let looking: Promise<readonly Sample[]> | undefined;
  const look = (): Promise<readonly Sample[]> => {
    looking ??= services.look().finally(() => (looking = undefined));
    return looking;
  };
  for (const metric of GAUGES) {
    new Gauge({
      name: nameOf(metric),
      help: metric.help,
      labelNames: ['database', 'store'],
      registers,
      async collect() {
        const samples = (await look()).filter((sample) => sample.metric === metric);
        this.reset();
        for (const { labels, value } of samples) this.set(labels, value);
      },
    });
  }
  return () => {
    services.stop();
    for (const name of [failuresName, ...GAUGES.map(nameOf)]) registry.removeSingleMetric(name);
  };
}

const UNITS: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** https://prometheus.io/docs/practices/naming/: `sqlite_autobackup_newest_age_seconds` */
function nameOf({ name, unit }: Metric): string {
  return `${name.replaceAll('.', '_')}${UNITS[unit] ?? ''}`;
}
