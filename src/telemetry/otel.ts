import { metrics, trace } from '@opentelemetry/api';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { packageInfo } from '../util/package-info.js';
import { KnownServices } from './known-services.js';
import type { WatchOptions } from './known-services.js';
import { FAILURES, GAUGES } from './metrics.js';
import { followSpans } from './otel-spans.js';

/** Options of `instrumentAutoBackup()`. */
export interface InstrumentOptions extends WatchOptions {
  /** @default the global one */
  readonly tracerProvider?: TracerProvider;
  /** @default the global one */
  readonly meterProvider?: MeterProvider;
}

/**
 * Makes spans of backups, restores, verifications, copies and recovered rows, and metrics of the state of the backups. Call it where
 * the app sets OpenTelemetry up, before it makes its services.
 *
 * @returns a function that ends it
 * @example
 * instrumentAutoBackup();
 */
export function instrumentAutoBackup(options: InstrumentOptions = {}): () => void {
  const { tracerProvider = trace, meterProvider = metrics } = options;
  const { version } = packageInfo();
  const name = 'sqlite-autobackup';
  const stopSpans = followSpans(tracerProvider.getTracer(name, version));
  const meter = meterProvider.getMeter(name, version);
  const failures = meter.createCounter(FAILURES.name, { description: FAILURES.help, unit: FAILURES.unit });
  const services = new KnownServices(options, (labels, code) => failures.add(1, { ...labels, 'error.type': code }));
  const gauges = new Map(
    GAUGES.map((each) => [each, meter.createObservableGauge(each.name, { description: each.help, unit: each.unit })]),
  );
  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = async (result) => {
    for (const { metric, value, labels } of await services.look()) result.observe(gauges.get(metric)!, value, labels);
  };
  meter.addBatchObservableCallback(observe, [...gauges.values()]);
  return () => {
    stopSpans();
    services.stop();
    meter.removeBatchObservableCallback(observe, [...gauges.values()]);
  };
}
