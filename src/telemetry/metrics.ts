import path from 'node:path';
import { oneLine } from '../util/printable.js';
import type { BackupService } from '../service/backup-service.js';
import type { ServiceStatus } from '../service/status.js';

/** What is measured: its name as OpenTelemetry writes it, in words, with its unit (https://ucum.org). */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
}

/** One value of a metric. */
export interface Sample {
  readonly metric: Metric;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

const metric = (name: string, unit: string, help: string): Metric => ({
  name: `sqlite_autobackup.${name}`,
  unit,
  help,
});

const READABLE = metric(
  'readable',
  '1',
  '1 if the backup folder could be looked at, else 0; then the others are absent',
);
const AGE = metric('newest.age', 's', 'Age of the newest whole backup');
const TAKEN = metric('newest.timestamp', 's', 'When the newest whole backup was taken, in seconds since 1970');
const DURATION = metric('newest.duration', 's', 'How long taking the newest backup took');
const SIZE = metric('newest.size', 'By', 'Size of the newest backup');
const DUE = metric('due', '1', '1 if a backup is due, else 0');
const COUNT = metric('backups', '{backup}', 'How many backups are in the folder');
const FREE = metric('disk.free', 'By', 'Free space on the disk of the backups');
const VERIFIED = metric('verification.timestamp', 's', 'When a backup was last verified, in seconds since 1970');
const VERIFIED_OK = metric('verification.ok', '1', '1 if the last verification found a good backup, else 0');
const PENDING = metric('copies.pending', '{copy}', 'Backups that a store lacks');

export const GAUGES: readonly Metric[] = [
  ...[READABLE, AGE, TAKEN, DURATION, SIZE, DUE, COUNT, FREE, VERIFIED, VERIFIED_OK, PENDING],
];
export const FAILURES = metric('failures', '{failure}', 'Failed attempts of this process, by error code');

/** Looks at a service's folder; neither a child process nor the database is asked. */
export async function samplesOf(service: BackupService): Promise<readonly Sample[]> {
  const labels = labelsOf(service);
  try {
    const samples = measure(await service.status({ wait: false }), Date.now());
    return [{ metric: READABLE, value: 1, labels: {} }, ...samples].map((sample) => ({
      ...sample,
      labels: { ...labels, ...sample.labels },
    }));
  } catch {
    return [{ metric: READABLE, value: 0, labels }];
  }
}

/** By which the services of a process are told apart. */
export function labelsOf({ database }: Pick<BackupService, 'database'>): Record<string, string> {
  return { database: oneLine(path.basename(database)) };
}

/** Turns a status into numbers. A number that is not known is left out. Pure. */
export function measure(status: ServiceStatus, now: number): readonly Sample[] {
  const { latest, lastVerification, due, backupCount, freeBytes, copies } = status;
  const seconds = (date: Date | undefined): number | undefined => date && date.getTime() / 1000;
  const values: [Metric, number | undefined][] = [
    [AGE, latest && (now - latest.createdAt.getTime()) / 1000],
    [TAKEN, seconds(latest?.createdAt)],
    [DURATION, latest?.manifest && latest.manifest.durationMs / 1000],
    [SIZE, latest?.sizeBytes],
    [DUE, Number(due.due)],
    [COUNT, backupCount],
    [FREE, freeBytes],
    [VERIFIED, seconds(lastVerification?.at)],
    [VERIFIED_OK, lastVerification && Number(lastVerification.ok)],
  ];
  const samples = values.flatMap(([each, value]) => (value === undefined ? [] : [{ metric: each, value, labels: {} }]));
  return [
    ...samples,
    ...copies.map(({ store, pending }) => ({
      metric: PENDING,
      value: pending.length,
      labels: { store: oneLine(store) },
    })),
  ];
}
