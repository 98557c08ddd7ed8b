import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { useTempFolder } from '../support/temp-folder';

const temp = useTempFolder();

test.each(['fresh', 'due'])(
  'query builders of Knex and Drizzle, and transactions of better-sqlite3, when a backup is %s: none is started unprotected',
  (state) => {
    const app = path.join(__dirname, 'fixtures', 'query-builders.js');
    const { stdout, stderr } = spawnSync(process.execPath, [app, temp.file('app.db'), state], { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    expect(JSON.parse(stdout)).toMatchObject({
      knex: { refused: 'ERR_BACKUP_NOT_ASYNC', left: 5, after: 4 },
      drizzle: { refused: 'ERR_BACKUP_NOT_ASYNC', left: 4, after: 3 },
      deferred: { changes: 1, taken: 1 },
      immediate: { changes: 1, taken: 1 },
      exclusive: { changes: 1, taken: 1 },
    });
  },
);
