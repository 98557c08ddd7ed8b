'use strict';
// The dashboard's first byte with 1,000 backups, over that of an empty handler of the same server.
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { BackupService } = require('../../dist/index.js');
const { createDashboard } = require('../../dist/dashboard/index.js');
const { backupName, backupNaming, manifestName } = require('../../dist/catalog/backup-name.js');
const { formatManifest } = require('../../dist/catalog/manifest.js');
const { createDatabase, inTempFolder, median, row, silent, title } = require('./support.js');

const BACKUPS = 1_000;
const ROUNDS = 40;
const EVERY_MS = 8 * 3_600_000;

exports.run = async () => {
  title(`The dashboard: first byte with ${BACKUPS} backups`);
  await inTempFolder(async (folder) => {
    const database = path.join(folder, 'app.db');
    createDatabase(database, 200_000);
    plant(folder, database);
    const service = new BackupService({ database, logger: silent, retention: { last: Infinity } });
    const rights = { view: true, create: true, download: true, delete: true, restore: true };
    const dashboard = createDashboard(service, { authorize: () => rights, logger: silent, basePath: '/backups' });
    const server = http.createServer((request, response) => {
      if (request.url === '/empty') response.end('ok');
      else dashboard.node(request, response);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    const empty = [];
    const page = [];
    // In turn, so that what else the machine does falls on both.
    for (let i = 0; i < ROUNDS + 5; i++) {
      const [a, b] = [await firstByte(port, '/empty'), await firstByte(port, '/backups')];
      if (i < 5) continue;
      empty.push(a);
      page.push(b);
    }
    const ms = (value) => `${value.toFixed(1)} ms`;
    const wait = (looks) => median(looks.map((look) => look.ms));
    const cpu = (looks) => median(looks.map((look) => look.cpuMs));
    row('', 'median', 'least', 'CPU time');
    row('an empty handler', ms(wait(empty)), ms(Math.min(...empty.map((look) => look.ms))), ms(cpu(empty)));
    row('the page', ms(wait(page)), ms(Math.min(...page.map((look) => look.ms))), ms(cpu(page)));
    row('over the empty handler (to be at most 40 ms)', ms(wait(page) - wait(empty)), '', ms(cpu(page) - cpu(empty)));
    await new Promise((resolve) => server.close(resolve));
  });
};

function plant(folder, database) {
  const naming = backupNaming(database);
  for (let i = 0; i < BACKUPS; i++) {
    const at = new Date(Date.now() - 60_000 - i * EVERY_MS);
    const name = backupName(naming, at);
    fs.writeFileSync(path.join(folder, name), Buffer.alloc(4096 + (i % 7) * 512, 1));
    fs.utimesSync(path.join(folder, name), at, at);
    const known = {
      name,
      createdAt: at.toISOString(),
      sizeBytes: 4096 + (i % 7) * 512,
      sha256: String(i).padStart(64, '0'),
    };
    const facts = {
      formatVersion: 1,
      pageCount: 1,
      pageSize: 4096,
      journalMode: 'wal',
      verified: 'quick',
      durationMs: 80,
    };
    const manifest = {
      ...facts,
      ...known,
      verifiedAt: at.toISOString(),
      protected: false,
      label: `Invoices.remove${i % 9}`,
    };
    fs.writeFileSync(path.join(folder, manifestName(naming, name)), formatManifest(manifest));
  }
}

/**
 * Milliseconds from the request to the first byte of its answer's body; and of this process's own time until the answer's end, which
 * other programs on the machine change less.
 */
function firstByte(port, url) {
  return new Promise((resolve, reject) => {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    http
      .get({ port, host: '127.0.0.1', path: url, agent: false }, (response) => {
        let at;
        response.on('data', () => (at ??= performance.now()));
        response.on('end', () => {
          const { user, system } = process.cpuUsage(cpu);
          if (response.statusCode === 200) resolve({ ms: at - startedAt, cpuMs: (user + system) / 1_000 });
          else reject(new Error(`${url}: ${response.statusCode}`));
        });
      })
      .on('error', reject);
  });
}

if (require.main === module) void exports.run();
