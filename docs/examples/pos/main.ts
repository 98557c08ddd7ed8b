import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { configureAutoBackup, keep } from 'sqlite-autobackup';
import { createApp } from './app';
import { DEMO_LOGIN, Sessions } from './auth';
import { mountDashboard } from './dashboard';
import { Shop } from './database';
import { drive } from './drive';
import { playYear } from './year';

async function serve(database: string, withYear: boolean): Promise<void> {
  fs.mkdirSync(path.dirname(database), { recursive: true });

  // Once, where the app starts: every @AutoBackup() in it now knows its database.
  const backups = configureAutoBackup({ database, retention: keep({ last: 20, weekly: 8, monthly: 12 }) });

  const app = await createApp(database);
  mountDashboard(app, backups);
  if (withYear && (await backups.listBackups()).length === 0) {
    console.log('A year of the shop is played: invoices, and 28 backups …');
    await playYear(app.get(Shop), database);
  }
  await app.listen(0, '127.0.0.1');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close());
  if (process.env['npm_lifecycle_event'] === 'demo') whenOrphaned(() => void app.close());

  console.log(`The point of sale is at ${await app.getUrl()}, its database and the backups are in`);
  console.log(path.dirname(database));
  console.log(`Log in: POST /login ${JSON.stringify(DEMO_LOGIN)}, then send "Authorization: Bearer <token>".`);
  const { user, password } = DEMO_LOGIN;
  console.log(`The backups are at ${await app.getUrl()}/backups for a browser: log in as "${user}", "${password}".`);
  console.log(`Or open this, once: ${await app.getUrl()}/login/once/${app.get(Sessions).once()}`);
  console.log('Ctrl+C stops it.');
}

/** `npm run` keeps a shell in between, which dies of a SIGTERM without passing it on. */
function whenOrphaned(stop: () => void): void {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 250).unref();
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      serve: { type: 'boolean' },
      database: { type: 'string' },
      year: { type: 'boolean' },
      rqlite: { type: 'boolean', default: false },
    },
  });
  // A database of one's own gets a made-up past only if that is asked for.
  const { database = path.join(__dirname, '../pos-data/app.db'), year = values.database === undefined } = values;
  if (values.serve && values.rqlite) throw new Error('--rqlite goes without --serve: the demo drives itself');
  if (values.serve) return serve(path.resolve(database), year);
  if (values.database !== undefined) throw new Error('--database goes with --serve: the demo makes its own');
  return drive(values.rqlite);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
