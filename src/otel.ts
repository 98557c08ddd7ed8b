export { instrumentAutoBackup } from './telemetry/otel.js';
export type { InstrumentOptions } from './telemetry/otel.js';
