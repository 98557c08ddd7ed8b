import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService, directoryStore, pullBackup } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const faults = useFaultRecord();
const folder = useTempFolder();
const ROOT = path.join(__dirname, '..', '..');

test('a pull that is killed at any moment leaves nothing that counts, and the next one brings the backup', async () => {
  fs.mkdirSync(folder.file('remote'));
  createLedger(folder.file('app.db'), 'wal').close();
  const copies = [directoryStore(folder.file('remote'), { host: 'shop-1', compress: 'gzip' })];
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), copies });
  const backup = await service.createBackup();
  await service.shipPending();
  fs.mkdirSync(folder.file('here'));
  const source = `
    const { directoryStore, pullBackup } = require(${JSON.stringify(ROOT)});
    const [remote, to, call] = process.argv.slice(-3);
    const fs = require('node:fs');
    let calls = 0;
    for (const verb of ['open', 'link', 'unlink', 'rename', 'rm']) {
      const real = fs.promises[verb];
      fs.promises[verb] = (...args) => {
        if (calls++ === Number(call)) process.kill(process.pid, 'SIGKILL');
        return real.apply(fs.promises, args);
      };
    }
    pullBackup({ from: directoryStore(remote), to }).then(() => console.log(true));`;
  const kills = faults({ law: 2, fault: 'kill -9 of a pull, before each of its calls' });
  for (let call = 0; ; call++) {
    for (const name of fs.readdirSync(folder.file('here'))) fs.rmSync(folder.file('here', name));
    const args = ['-e', source, '--', folder.file('remote'), folder.file('here'), String(call)];
    const killed = spawnSync(process.execPath, args).signal === 'SIGKILL';
    const there = new BackupService({ database: folder.file('here', 'app.db'), logger: memoryLogger() });
    for (const { manifest } of await there.listBackups()) expect(manifest?.sha256).toBe(backup.sha256);
    if (!killed) break;
    kills.injected();
    const came = (await there.listBackups()).length > 0;
    if (!came) {
      await pullBackup({ from: directoryStore(folder.file('remote')), to: folder.file('here') });
    }
    expect(await there.verifyBackup(backup.name, { level: 'hash' })).toMatchObject({ ok: true });
    kills.held(came ? 'the whole backup' : 'none; the next pull brought it');
    expect(call).toBeLessThan(60);
  }
});
