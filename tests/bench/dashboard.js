'use strict';
// The dashboard's first byte with 1,000 backups, over that of an empty handler of the same server.
const http = require('node:http');
const path = require('node:path');
const { createDatabase, inTempFolder, load, plantBackups, silent, table, times } = require('./support.js');

const BACKUPS = 1_000;
const ROUNDS = 40;
const EVERY_MS = 8 * 3_600_000;

exports.run = async () => {
  const { BackupService } = load();
  const { createDashboard } = load('dashboard');
  return inTempFolder(async (folder) => {
    const database = path.join(folder, 'app.db');
    createDatabase(database, 200_000);
    plantBackups(folder, database, BACKUPS, { everyMs: EVERY_MS });
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
    await new Promise((resolve) => server.close(resolve));
    const by = (pick) => ({ 'an empty handler': empty.map(pick), 'the page': page.map(pick) });
    const ratio = times('an empty handler');
    const title = `The dashboard with ${BACKUPS.toLocaleString('en')} backups`;
    return [
      table({ id: 'dashboard', title: `${title}: first byte`, unit: 'ms', times: by(({ ms }) => ms), ratio }),
      table({ id: 'dashboard-cpu', title: `${title}: CPU time`, unit: 'ms', times: by(({ cpuMs }) => cpuMs), ratio }),
    ];
  });
};

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
