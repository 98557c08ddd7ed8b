import fs from 'node:fs';
import { runNode, PACKAGE } from '../../support/run-node';
import { writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const describePosix = process.platform === 'win32' ? describe.skip : describe;

/**
 * A folder that stands still: what hangs is a real call in one of libuv's threads, as on a dead mount. No mount is needed: in a
 * process of its own, fs.promises.readdir() and fs.readdirSync() of the backup folder open a FIFO that nobody writes to.
 */
const STANDS_STILL = `
  const fs = require('node:fs');
  const [database, directory, fifo] = process.argv.slice(1);
  const { readdir } = fs.promises, { readdirSync } = fs;
  let standing = true, hanging = 0;
  fs.promises.readdir = async (dir, ...rest) => {
    if (dir !== directory || !standing) return readdir(dir, ...rest);
    hanging += 1;
    await fs.promises.readFile(fifo);
    hanging -= 1;
    return readdir(dir, ...rest);
  };
  fs.readdirSync = (dir, ...rest) => {
    if (dir === directory && standing) throw new Error('the app would freeze here');
    return readdirSync(dir, ...rest);
  };
  // The writer whom the call waits for, and so its end.
  const answer = () => {
    standing = false;
    fs.closeSync(fs.openSync(fifo, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK));
  };
  const { BackupService } = require(${JSON.stringify(PACKAGE)});
  const lines = [];
  const keep = (line) => lines.push(line);
  const service = new BackupService({ database, directory, logger: { info: keep, warn: keep, error: keep } });
  const codeOf = (promise) => promise.then((value) => value?.status ?? 'answered', (error) => error.code);
`;

describePosix('a backup folder that stands still', () => {
  test('holds up neither the app nor a call for longer than the limit, is looked at once, and is asked again when it answers', () => {
    fs.writeFileSync(folder.file('app.db'), 'x');
    fs.mkdirSync(folder.file('backups'));
    writeBackup(folder.file('backups'), new Date(Date.now() - 1000));
    const found = runNode(
      `
      require('node:child_process').execFileSync('mkfifo', [process.argv[3]]);
      ${STANDS_STILL}
      (async () => {
        let turns = 0;
        const ticking = setInterval(() => (turns += 1), 1);
        const calls = [service.backupIfDue(), service.backupIfDue({ label: 'second' }), service.listBackups()];
        const first = await Promise.all(calls.map(codeOf));
        clearInterval(ticking);
        const meanwhile = hanging;
        const later = await Promise.all([service.backupIfDue(), service.checkDueAsync(), service.status()].map(codeOf));
        const still = hanging;
        const failed = lines.filter((line) => line.includes('FAILED')).length;
        answer();
        let after;
        for (let i = 0; i < 1000 && after !== 'answered'; i++) {
          after = await codeOf(service.checkDueAsync());
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        console.log(JSON.stringify({ first, later, meanwhile, still, failed, turns: turns > 100, after }));
      })();`,
      { args: [folder.file('app.db'), folder.file('backups'), folder.file('fifo')] },
    );
    expect(found).toEqual({
      first: Array(3).fill('ERR_BACKUP_LIST_FAILED'),
      later: ['backing-off', 'ERR_BACKUP_LIST_FAILED', 'ERR_BACKUP_LIST_FAILED'],
      meanwhile: 1,
      still: 1,
      failed: 1,
      turns: true,
      after: 'answered',
    });
  }, 60_000);
});
