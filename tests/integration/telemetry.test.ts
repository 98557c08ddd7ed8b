import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { Registry } from 'prom-client';
import { BackupService, directoryStore, withAutoBackup } from 'sqlite-autobackup';
import type { BackupServiceOptions, IfDueOptions, OperationTrace } from 'sqlite-autobackup';
import { instrumentAutoBackup } from 'sqlite-autobackup/otel';
import { collectBackupMetrics } from 'sqlite-autobackup/prometheus';
import fs from 'node:fs';
import { addEntry, createLedger } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('app');
const stops: (() => void)[] = [];

beforeAll(() => provider.register());
beforeEach(() => {
  exporter.reset();
  const db = createLedger(folder.file('app.db'), 'wal');
  addEntry(db);
  db.close();
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});
afterAll(() => provider.shutdown());

const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), ...options });
const spans = () => exporter.getFinishedSpans();
const named = (name: string) => spans().find((span) => span.name === name)!;

test('the span of an attempt, with its steps, hangs below that of the request which waits for it', async () => {
  stops.push(instrumentAutoBackup());
  const service = serviceWith();
  const seen: unknown[] = [];
  service.on('created', () => seen.push(trace.getSpan(context.active())));
  const remove = withAutoBackup(async () => 'gone', { service, label: 'Invoices.remove' });
  await tracer.startActiveSpan('DELETE /invoices/42', async (span) => {
    await remove();
    span.end();
  });
  const [request, backup] = [named('DELETE /invoices/42'), named('backup app.db')];
  expect(backup.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  expect(backup.attributes).toMatchObject({
    'db.system.name': 'sqlite',
    'db.namespace': 'app.db',
    'db.operation.name': 'backup',
    'sqlite_autobackup.label': 'Invoices.remove',
    'sqlite_autobackup.outcome': 'created',
    'sqlite_autobackup.backup': (await service.listBackups())[0]!.name,
  });
  const steps = spans().filter((span) => span.parentSpanContext?.spanId === backup.spanContext().spanId);
  expect(steps.map(({ name }) => name)).toEqual(
    ['lock', 'sweep', 'due', 'space', 'pin', 'copy', 'seal', 'verify', 'publish'].map((step) => `backup ${step}`),
  );
  // A listener runs in no request's context: it is called once for all that wait.
  expect(seen).toEqual([undefined]);
});

test('a call that finds a fresh backup makes no span', async () => {
  stops.push(instrumentAutoBackup());
  const service = serviceWith();
  await service.createBackup();
  exporter.reset();
  expect(await service.backupIfDue()).toMatchObject({ status: 'fresh' });
  expect(spans()).toEqual([]);
});

test('each further call that waits for a backup has a span below its own request, linked to that of the backup', async () => {
  stops.push(instrumentAutoBackup());
  const service = serviceWith();
  const request = (name: string, options: IfDueOptions = {}) =>
    tracer.startActiveSpan(name, (span) =>
      service
        .backupIfDue(options)
        .catch(() => {})
        .finally(() => span.end()),
    );
  const gone = new AbortController();
  let late: Promise<unknown> | undefined;
  const onProgress: IfDueOptions['onProgress'] = ({ step }) => {
    if (step !== 'copy') return;
    gone.abort();
    late ??= request('late');
  };
  await Promise.all([
    request('first', { onProgress }),
    request('second', { label: 'Invoices.remove' }),
    request('impatient', { signal: gone.signal }),
  ]);
  await late;
  const backup = named('backup app.db');
  const waits = spans().filter(({ name }) => name === 'wait for backup app.db');
  const parentOf = ({ parentSpanContext }: ReadableSpan) =>
    spans().find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name;
  expect(parentOf(backup)).toBe('first');
  expect(waits.map(parentOf)).toEqual(['impatient', 'second', 'late']);
  for (const { links } of waits) expect(links.map((link) => link.context)).toEqual([backup.spanContext()]);
  const [impatient, second] = waits;
  expect(impatient!.attributes['error.type']).toBe('ERR_BACKUP_CANCELLED');
  expect(second!.attributes).toMatchObject({
    'db.operation.name': 'wait',
    'sqlite_autobackup.label': 'Invoices.remove',
    'sqlite_autobackup.outcome': 'created',
    'sqlite_autobackup.backup': backup.attributes['sqlite_autobackup.backup'],
  });
});

test('calls that come together and find a fresh backup make no span', async () => {
  stops.push(instrumentAutoBackup());
  await serviceWith().createBackup();
  exporter.reset();
  const service = serviceWith();
  await Promise.all([service.backupIfDue(), service.backupIfDue()]);
  expect(spans()).toEqual([]);
});

test('a failure is an error of the span, by its code', async () => {
  stops.push(instrumentAutoBackup());
  const service = serviceWith();
  fs.renameSync(folder.file('app.db'), folder.file('away'));
  await rejectionOf(service.createBackup());
  expect(() => service.createBackupSync()).toThrow('There is no database');
  expect(spans().filter(({ name }) => name === 'backup app.db')).toHaveLength(2);
  for (const span of spans().filter(({ name }) => name === 'backup app.db')) {
    expect(span.attributes['error.type']).toBe('ERR_BACKUP_SOURCE_MISSING');
    expect(span.status).toMatchObject({ code: SpanStatusCode.ERROR });
  }
});

test('restores, verifications, copies and recovered rows have spans of their own, until it is ended', async () => {
  fs.mkdirSync(folder.file('nas'));
  const service = serviceWith({ copies: [directoryStore(folder.file('nas'), { host: 'shop' })] });
  const stop = instrumentAutoBackup();
  const { name } = await service.createBackup();
  await service.shipPending();
  await service.verifyBackup(name);
  await service.recoverRows(name, { table: 'entries', where: 'id = 1', onConflict: 'skip' });
  await service.restoreBackup(name);
  await service.shipPending();
  const operations = new Set(spans().map(({ attributes }) => attributes['db.operation.name']));
  expect([...operations].filter(Boolean).sort()).toEqual(['backup', 'recover', 'restore', 'ship', 'verify']);
  expect(named('ship app.db').attributes).toMatchObject({ 'sqlite_autobackup.backup': name });
  stop();
  exporter.reset();
  await service.createBackup();
  expect(spans()).toEqual([]);
});

test('the channels tell the beginning, the steps and the end', async () => {
  const events: string[] = [];
  const step = (message: unknown) => void events.push((message as { step: string }).step);
  const followers = {
    start: () => void events.push('start'),
    end: () => {},
    asyncStart: () => {},
    asyncEnd: ({ result }: OperationTrace) => void events.push(`end ${(result as { status: string }).status}`),
    error: () => {},
  };
  const backups = tracingChannel<unknown, OperationTrace>('sqlite-autobackup:backup');
  backups.subscribe(followers);
  subscribe('sqlite-autobackup:step', step);
  try {
    await serviceWith().createBackup();
  } finally {
    backups.unsubscribe(followers);
    unsubscribe('sqlite-autobackup:step', step);
  }
  expect(events).toEqual([
    'start',
    'lock',
    'sweep',
    'due',
    'space',
    'pin',
    'copy',
    'seal',
    'verify',
    'publish',
    'end created',
  ]);
});

test('the metrics say what the status says, for all services that are made later, and failures by code', async () => {
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 31 - 1 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  stops.push(instrumentAutoBackup({ meterProvider }));
  fs.mkdirSync(folder.file('nas'));
  const service = serviceWith({ copies: [directoryStore(folder.file('nas'), { host: 'shop' })] });
  const { name, sizeBytes, createdAt, manifest } = await service.createBackup();
  await service.shipPending();
  await service.verifyBackup(name);
  const { lastVerification } = await service.status();
  fs.renameSync(folder.file('app.db'), folder.file('away'));
  await rejectionOf(service.createBackup());
  await reader.forceFlush();
  const points = metrics
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ value, attributes }) => [descriptor.name, { value, attributes }]),
    );
  expect(Object.fromEntries(points)).toMatchObject({
    'sqlite_autobackup.readable': { value: 1, attributes: { database: 'app.db' } },
    'sqlite_autobackup.newest.size': { value: sizeBytes },
    'sqlite_autobackup.newest.age': { value: expect.any(Number) },
    'sqlite_autobackup.newest.timestamp': { value: createdAt.getTime() / 1000 },
    'sqlite_autobackup.newest.duration': { value: manifest!.durationMs / 1000 },
    'sqlite_autobackup.disk.free': { value: expect.any(Number) },
    'sqlite_autobackup.verification.timestamp': { value: lastVerification!.at.getTime() / 1000 },
    'sqlite_autobackup.verification.ok': { value: 1 },
    'sqlite_autobackup.due': { value: 0 },
    'sqlite_autobackup.backups': { value: 1 },
    'sqlite_autobackup.copies.pending': { value: 0, attributes: { store: service.copies[0]!.name } },
    'sqlite_autobackup.failures': { value: 1, attributes: { 'error.type': 'ERR_BACKUP_SOURCE_MISSING' } },
  });
  await meterProvider.shutdown();
});

test('the same for prom-client: one look a scrape, 0 for a folder that cannot be read, and nothing after its end', async () => {
  const registry = new Registry();
  const early = serviceWith();
  await early.createBackup();
  const stop = collectBackupMetrics({ registry, services: [early] });
  const text = await registry.metrics();
  expect(text).toMatch(/^sqlite_autobackup_newest_age_seconds\{database="app\.db"\} \d/m);
  expect(text).toContain('sqlite_autobackup_backups{database="app.db"} 1');
  expect(text).toContain('# TYPE sqlite_autobackup_failures_total counter');
  fs.renameSync(folder.file('app.db'), folder.file('away'));
  await rejectionOf(early.createBackup());
  expect(await registry.metrics()).toContain(
    'sqlite_autobackup_failures_total{database="app.db",code="ERR_BACKUP_SOURCE_MISSING"} 1',
  );
  fs.mkdirSync(folder.file('other'));
  const later = serviceWith({ database: folder.file('shop.db'), directory: folder.file('other') });
  fs.rmSync(folder.file('other'), { recursive: true, maxRetries: 50, retryDelay: 20 });
  expect(await registry.metrics()).toContain('sqlite_autobackup_readable{database="shop.db"} 0');
  expect(later.lastFailure).toBeUndefined();
  stop();
  expect(await registry.metrics()).toBe('\n');
});
