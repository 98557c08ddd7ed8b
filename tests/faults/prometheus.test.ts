import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { BackupService } from 'sqlite-autobackup';
import { collectBackupMetrics } from 'sqlite-autobackup/prometheus';
import { createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { until } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
let prometheus: ChildProcess | undefined;
let server: http.Server | undefined;

afterEach(async () => {
  if (prometheus) {
    const ended = new Promise((resolve) => prometheus!.once('close', resolve));
    prometheus.kill('SIGKILL');
    await ended;
  }
  server?.closeAllConnections();
  server?.close();
});

test('a real Prometheus scrapes the metrics, and its expressions find a failure', async () => {
  const registry = new Registry();
  const stop = collectBackupMetrics({ registry });
  createLedger(folder.file('app.db'), 'wal').close();
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  const { sizeBytes } = await service.createBackup();
  server = http.createServer((_request, response) => {
    void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
  });
  const own = await listen(server);
  // It takes no port 0: one that was free a moment ago, and another one if somebody was faster.
  const port = await startPrometheus(own);

  const query = async (expression: string): Promise<string | undefined> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
    return answer.data.result[0]?.value[1];
  };
  // On a busy machine a scrape now and then takes longer than it may, after which no series has a value until the next one.
  const size = 'sqlite_autobackup_newest_size_bytes{database="app.db"}';
  await until(async () => (await query(size)) === String(sizeBytes));
  await until(async () => (await query('sqlite_autobackup_readable')) === '1');
  expect(await query('sqlite_autobackup_failures_total > 0')).toBeUndefined();
  fs.renameSync(folder.file('app.db'), folder.file('away'));
  await expect(service.createBackup()).rejects.toMatchObject({ code: 'ERR_BACKUP_SOURCE_MISSING' });
  await until(async () => (await query('sqlite_autobackup_failures_total{code="ERR_BACKUP_SOURCE_MISSING"}')) === '1');
  stop();
});

async function startPrometheus(target: number): Promise<number> {
  fs.writeFileSync(
    folder.file('prometheus.yml'),
    `global: { scrape_interval: 250ms, scrape_timeout: 250ms }
scrape_configs:
  - job_name: shop
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{ targets: ['127.0.0.1:${target}'] }]
`,
  );
  for (;;) {
    const probe = net.createServer();
    const port = await listen(probe);
    await new Promise((resolve) => probe.close(resolve));
    const started = spawn('prometheus', [
      `--config.file=${folder.file('prometheus.yml')}`,
      `--storage.tsdb.path=${folder.file('tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    let said = '';
    started.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const failed = new Promise<Error>((resolve) => started.once('error', resolve));
    const ended = new Promise<Error>((resolve) => started.once('close', () => resolve(new Error(said))));
    prometheus = started;
    const ready = until(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
      return answer?.ok === true || started.exitCode !== null;
    }).then(() => undefined);
    const error = await Promise.race([failed, ended, ready]);
    if (error === undefined && started.exitCode === null) return port;
    if (!said.includes('address already in use')) throw error ?? new Error(said);
  }
}

async function listen(one: net.Server): Promise<number> {
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  return (one.address() as AddressInfo).port;
}
