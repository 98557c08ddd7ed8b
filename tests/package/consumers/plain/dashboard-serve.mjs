// An ES module that serves the dashboard, and asks it for its status.
import http from 'node:http';
import { BackupService } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';

const service = new BackupService({ database: process.env.DATABASE });
const { node } = createDashboard(service, { authorize: () => ({ view: true, create: true }) });
const server = http.createServer(node).listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  await fetch(`${base}/api/backups?wait=1`, { method: 'POST' });
  const { kind } = await (await fetch(`${base}/api/status`)).json();
  const style = await fetch(`${base}/assets/style.css`);
  console.log(JSON.stringify({ kind, style: style.status }));
  server.closeAllConnections();
  server.close();
});
