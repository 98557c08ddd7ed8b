import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PutBack, RestoreControl } from 'sqlite-autobackup';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { rejectionOf } from '../../support/errors';
import { useTempFolder } from '../../support/temp-folder';

// A stand-in for a node, for what comes between a load and the look at it: tests/engines/ has the real ones.
const temp = useTempFolder();

const LAST_INDEX = 20;

let server: http.Server;
let url: string;
/** Of the last change of the database; a load moves it. */
let index: number;
let term: number;
let onLoad: (response: http.ServerResponse) => void;
/** While the safety backup is taken. */
let onSave: () => void;
/** What became of the safety backups. */
let saved: string[];

beforeEach(async () => {
  fs.writeFileSync(temp.file('backup.db'), 'a backup');
  index = LAST_INDEX;
  term = 2;
  onSave = () => {};
  saved = [];
  server = http.createServer((request, response) => {
    request.resume().on('end', () => answer(request.url!, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function answer(path: string, response: http.ServerResponse): void {
  if (path.startsWith('/db/query')) response.end('{"results":[{"values":[]}]}');
  else if (path.startsWith('/db/load')) onLoad(response);
  else {
    const raft = { state: 'Leader', term, last_log_index: index, last_snapshot_index: index };
    const sqlite3 = { mem_stats: { page_count: 1, page_size: 4096 } };
    response.end(JSON.stringify({ db_applied_index: index, raft, sqlite3 }));
  }
}

function restore(whileWritten: boolean, isEqual: boolean): Promise<PutBack> {
  const control: RestoreControl = {
    beginStep: () => {},
    progress: () => {},
    saveState: () => {
      onSave();
      saved.push('taken');
      return Promise.resolve({ name: 'safety.db' });
    },
    discardState: () => {
      saved.push('discarded');
      return Promise.resolve();
    },
    isEqual: () => Promise.resolve(isEqual),
    whileWritten,
    remainingMs: () => 60_000,
  };
  const backup = { name: 'backup.db', file: temp.file('backup.db'), sizeBytes: 8 };
  return rqlite({ nodes: [url], name: 'shop.db', timeout: '1s', leaderTimeout: '1s' }).restore(backup, control);
}

/** The load, and so many changes of others on top of it. */
const loaded = (others: number) => (response: http.ServerResponse) => {
  index += 1 + others;
  response.end();
};
const brokeOff = (changes: number) => (response: http.ServerResponse) => {
  index += changes;
  response.destroy();
};

test('what is equal to the backup is restored', async () => {
  onLoad = loaded(0);
  expect(await restore(false, true)).toEqual({ method: 'online', journalMode: 'wal' });
});

test('an election is no write of anybody: the load and the first entry of the new leader are all that came', async () => {
  onLoad = (response) => {
    term++;
    loaded(1)(response);
  };
  expect(await restore(false, true)).toEqual({ method: 'online', journalMode: 'wal' });
});

test('somebody writes while the safety backup is taken: nothing is loaded, and that backup goes again', async () => {
  onSave = () => {
    index++;
  };
  onLoad = () => {
    throw new Error('it was asked to load');
  };
  expect(await rejectionOf(restore(false, true))).toMatchObject({
    code: 'ERR_BACKUP_RESTORE_BUSY',
    message: expect.stringContaining('somebody writes to it'),
  });
  expect(saved).toEqual(['taken', 'discarded']);
});

test('another leader while the safety backup is taken: another one is taken, of what that leader has', async () => {
  onSave = () => {
    if (saved.length === 0) term++;
  };
  onLoad = loaded(0);
  expect(await restore(false, true)).toEqual({ method: 'online', journalMode: 'wal' });
  expect(saved.filter((each) => each === 'taken')).toHaveLength(2);
  expect([saved[1], saved.at(-1)]).toEqual(['discarded', 'taken']);
});

test('a load that is refused has changed nothing: the safety backup goes again', async () => {
  onLoad = (response) => response.writeHead(401).end();
  expect(await rejectionOf(restore(false, true))).toMatchObject({ code: 'ERR_BACKUP_SOURCE_DENIED' });
  expect(saved).toEqual(['taken', 'discarded']);
});

test.each<[string, number, number, RegExp]>([
  ['others wrote before it', 0, 1, /restored, but others wrote in the same moment, and that is lost/],
  [
    'more was written than the first entry of a new leader',
    1,
    2,
    /elected in the same moment, and nobody can tell whether/,
  ],
  [
    'two leaders were elected, and one of them may have written nothing',
    2,
    2,
    /elected in the same moment, and nobody can tell whether/,
  ],
])('it is equal, and %s: that is what the error says', async (_, elections, entries, message) => {
  onLoad = (response) => {
    term += elections;
    loaded(entries)(response);
  };
  expect(await rejectionOf(restore(false, true))).toMatchObject({
    code: 'ERR_BACKUP_RESTORE_FAILED',
    message: expect.stringMatching(message),
  });
});

test('others wrote on top, and are quiet again when it is looked at: it was not compared, which is no failure when that was asked for', async () => {
  onLoad = loaded(3);
  expect(await restore(true, false)).toEqual({ method: 'online', journalMode: 'wal', compared: false });
});

test.each<[string, typeof onLoad, boolean, RegExp]>([
  ['others wrote on top', loaded(3), false, /others wrote to it at once/],
  ['nobody wrote, and it is not equal', loaded(0), false, /it is not equal to the backup/],
  ['nobody wrote, and it is not equal, asked for or not', loaded(0), true, /it is not equal to the backup/],
  ['the load broke off, and nothing was changed', brokeOff(0), true, /the state before is there/],
  ['the load broke off, and others wrote', brokeOff(3), true, /nobody knows whether it was done/],
])('%s: that is what the error says', async (_, load, whileWritten, message) => {
  onLoad = load;
  expect(await rejectionOf(restore(whileWritten, false))).toMatchObject({
    code: 'ERR_BACKUP_RESTORE_FAILED',
    message: expect.stringMatching(message),
    hint: expect.stringContaining('"safety.db"'),
  });
});
