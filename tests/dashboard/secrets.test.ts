import path from 'node:path';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Registry } from 'prom-client';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { instrumentAutoBackup } from 'sqlite-autobackup/otel';
import { collectBackupMetrics } from 'sqlite-autobackup/prometheus';
import { createLedger } from '../support/databases';
import { repeatsAll } from '../support/repeats-all';
import { routes, useDashboard } from './support';

const dash = useDashboard();
const { MARK, secretiveOptions } = require(path.join(__dirname, '..', 'support', 'secretive-services.js')) as {
  MARK: string;
  secretiveOptions: (folder: string, port: number) => Record<'shop' | 'cluster', BackupServiceOptions>;
};

test('no page, no answer of the API, no span, no metric and no log has a secret of the options, or one that others repeat', async () => {
  const server = await repeatsAll();
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const registry = new Registry();
  const ends = [instrumentAutoBackup({ tracerProvider }), collectBackupMetrics({ registry })];
  try {
    createLedger(dash.temp.file('app.db'), 'wal').close();
    const { shop, cluster } = secretiveOptions(dash.temp.path, server.port);
    const services = {
      shop: new BackupService({ ...shop, logger: dash.logger }),
      cluster: new BackupService({ ...cluster, logger: dash.logger }),
    };
    await dash.serve(services);
    const { name } = await services.shop.createBackup();
    await services.cluster.createBackup().catch(() => {});
    await services.shop.shipPending().catch(() => {});
    await services.shop.testNotify();
    // Jobs that fail with what a store says.
    for (const store of [0, 1, 2, 3, 4, 5]) await dash.postJson('/shop/api/copies?wait=1', { store });
    const said: Record<string, string> = {};
    for (const each of Object.keys(services)) {
      for (const { method, path: at } of routes(name)) {
        if (method !== 'GET' || at.endsWith('/events')) continue;
        said[`${each} ${at}`] = (await dash.get(`/${each}${at}`)).text;
      }
    }
    said['overview'] = (await dash.get('/')).text;
    said['spans'] = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
    );
    said['metrics'] = await registry.metrics();
    said['log'] = dash.logger.lines.join('\n');
    for (const [where, text] of Object.entries(said)) {
      expect({ where, text }).toEqual({ where, text: expect.not.stringMatching(new RegExp(MARK, 'i')) });
    }
    // It was said to them.
    expect(server.heard.join('\n')).toContain(MARK);
    expect(said['spans']).toContain('ERR_BACKUP_STORE_');
    expect(said['metrics']).toContain('store="nas"');
    expect(said['shop /api/status']).toContain('ERR_BACKUP_STORE_DENIED');
    expect(said['cluster /api/status']).toContain('ERR_BACKUP_SOURCE_');
    expect(said['log']).toContain('nas.example.com');
  } finally {
    for (const end of ends) end();
    await server.close();
  }
});
