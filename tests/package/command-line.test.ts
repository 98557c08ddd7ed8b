import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkLedger, createLedger } from '../support/databases';
import { useTempFolder } from '../support/temp-folder';
import { useConsumer } from './consumer';

const consumer = useConsumer();
const temp = useTempFolder();

test('npx finds the program of the packed package, and it takes a backup', async () => {
  createLedger(temp.file('app.db'), 'wal').close();
  // What `npm install` does with the bin of a package: the link, and the mode.
  execFileSync('npm', ['rebuild', '--ignore-scripts', '--offline'], {
    cwd: consumer.folder,
    shell: true,
    stdio: 'pipe',
  });
  const version = await npx(['--version']);
  const { version: packed } = JSON.parse(fs.readFileSync(path.join(consumer.installed, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(version).toBe(`${packed}\n`);

  const printed = await npx(['create', '--json', '--database', temp.file('app.db')]);
  const { backup } = JSON.parse(printed) as { backup: { path: string } };
  expect(checkLedger(backup.path)).toEqual({ entries: 0 });
});

function npx(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = ['--offline', '--no', '--', 'sqlite-autobackup', ...args];
    execFile('npx', command, { cwd: consumer.folder, shell: process.platform === 'win32' }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
}
