export { collectBackupMetrics } from './telemetry/prometheus.js';
export type { CollectOptions } from './telemetry/prometheus.js';
