import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import Database from 'better-sqlite3';
import type { Snapshot, SnapshotTarget } from 'sqlite-autobackup';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { rejectionOf } from '../../support/errors';
import { useTempFolder } from '../../support/temp-folder';

// A stand-in for a node, for answers that no real cluster gives when it is asked to: tests/engines/ has the real ones.
const temp = useTempFolder();

interface Answers {
  readonly backup?: (whole: Buffer) => Buffer;
  readonly status?: object;
  readonly redirect?: string;
  /** To whoever asks. */
  readonly code?: number;
  /** What the schema is by then. */
  readonly schema?: string;
  /** After so many bytes nothing more comes. */
  readonly stops?: number;
}

let server: http.Server;
let whole: Buffer;
let url: string;
/** The answers to the first attempt, to the second, …; after them all is well. */
let script: Answers[];
let attempts: number;
let sendsStatus: boolean;
/** That the copy has ever been. */
let largest: number;

beforeEach(async () => {
  const db = new Database(temp.file('shop.db'));
  db.exec('CREATE TABLE sales (id INTEGER PRIMARY KEY, body TEXT)');
  const add = db.prepare('INSERT INTO sales (body) VALUES (hex(randomblob(200)))');
  db.transaction(() => {
    for (let i = 0; i < 200; i++) add.run();
  })();
  db.close();
  whole = fs.readFileSync(temp.file('shop.db'));
  script = [];
  sendsStatus = true;
  attempts = 0;
  largest = 0;
  server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const GOOD = { appliedIndex: 20, snapshotIndex: 20, term: 2, state: 'Leader' };

function answer({ url: path = '' }: http.IncomingMessage, response: http.ServerResponse): void {
  const { backup = (bytes: Buffer) => bytes, status, redirect, code, schema, stops } = script[attempts] ?? {};
  if (path.startsWith('/db/query')) {
    if (code !== undefined) response.writeHead(code);
    if (redirect !== undefined) response.writeHead(301, { location: redirect });
    response.end(JSON.stringify({ results: [{ values: sent && schema !== undefined ? [schema] : [] }] }));
  } else if (path.startsWith('/status')) {
    const { appliedIndex, snapshotIndex, term, state } = { ...GOOD, ...(sent && status) };
    const raft = { state, term, last_log_index: 21, last_snapshot_index: snapshotIndex };
    const sqlite3 = { mem_stats: { page_count: whole.length / 4096, page_size: 4096 } };
    response.end(JSON.stringify(sendsStatus ? { db_applied_index: appliedIndex, raft, sqlite3 } : {}));
    // The second look at the status ends an attempt that was whole.
    if (sent) next();
  } else if (path.startsWith('/readyz')) {
    response.end('ok');
  } else if (stops !== undefined) {
    response.write(whole.subarray(0, stops));
    next();
  } else {
    const bytes = backup(whole);
    sent = bytes.length === whole.length;
    response.end(bytes);
    if (!sent) next();
  }
}

let sent = false;
function next(): void {
  sent = false;
  attempts++;
}

async function snapshot(): Promise<Snapshot> {
  sent = false;
  const file = temp.file('copy');
  const target: SnapshotTarget = {
    beginStep: () => {},
    ensureSpace: () => {},
    progress: () => void (largest = Math.max(largest, fs.statSync(file).size)),
    remainingMs: () => 60_000,
    createFile: async () => {
      fs.writeFileSync(file, '');
      return file;
    },
  };
  return rqlite({ nodes: [url], name: 'shop.db', timeout: '1s', leaderTimeout: '1s' }).snapshot(target);
}

test.each<[string, Answers]>([
  ['ends early, as if it were whole', { backup: (bytes) => bytes.subarray(0, -4096) }],
  [
    'ends with an error behind half of the file',
    { backup: (b) => Buffer.concat([b.subarray(0, 8192), Buffer.from('EOF')]) },
  ],
  ['is no database', { backup: () => Buffer.from('not found') }],
  ['is empty', { backup: () => Buffer.alloc(0) }],
  ['is without the WAL', { status: { snapshotIndex: 19 } }],
  ['is that of a node that was voted out meanwhile', { status: { state: 'Follower' } }],
  ['spans an election', { status: { term: 3 } }],
])('an answer that %s is thrown away, and the next one is taken', async (_, bad) => {
  script = [bad];
  const { facts } = await snapshot();
  expect(attempts).toBe(2);
  expect(fs.readFileSync(temp.file('copy')).equals(whole)).toBe(true);
  expect(facts).toMatchObject({ pageSize: 4096, pageCount: whole.length / 4096, journalMode: 'wal' });
});

test('a wrong password, and a server that is no rqlite, are told as that', async () => {
  script = [{ code: 401 }];
  expect(await rejectionOf(snapshot())).toMatchObject({ code: 'ERR_BACKUP_SOURCE_DENIED' });
  sendsStatus = false;
  script = [];
  const error = await rejectionOf(snapshot());
  expect(error).toMatchObject({
    code: 'ERR_BACKUP_SOURCE_FAILED',
    message: expect.stringContaining('is not that of rqlite 8'),
  });
});

test('a schema that somebody changes meanwhile is vouched for by nobody', async () => {
  expect((await snapshot()).facts.schemaDigest).toHaveLength(64);
  script = [{}, { schema: 'CREATE TABLE new (id)' }];
  expect((await snapshot()).facts.schemaDigest).toBeUndefined();
  expect(attempts).toBe(2);
});

test('a cluster that never gives a whole answer is an error, not a backup', async () => {
  script = Array.from({ length: 20 }, () => ({ backup: (bytes: Buffer) => bytes.subarray(0, 5000) }));
  expect(await rejectionOf(snapshot())).toMatchObject({ code: 'ERR_BACKUP_SOURCE_FAILED' });
});

test('what follows the database, or is none, does not get onto the disk', async () => {
  const endless = Buffer.concat([whole, Buffer.alloc(8_000_000)]);
  const page = Buffer.from(`<html>${'Maintenance '.repeat(500_000)}</html>`);
  script = Array.from({ length: 8 }, (_, i) => ({ backup: () => (i % 2 ? endless : page) }));
  expect(await rejectionOf(snapshot())).toMatchObject({ code: 'ERR_BACKUP_SOURCE_FAILED' });
  expect(largest).toBeLessThanOrEqual(whole.length);
});

test('an answer that stops in the middle is given up, although the node answers other questions', async () => {
  script = [{ stops: 5_000 }];
  await snapshot();
  expect(attempts).toBe(2);
  expect(fs.readFileSync(temp.file('copy')).equals(whole)).toBe(true);
});

test.each([
  ['names nobody', '', 'ERR_BACKUP_SOURCE_NO_LEADER', /no leader/],
  ['leaves the scheme', 'https://127.0.0.1:1', 'ERR_BACKUP_SOURCE_TLS', /from http: to "https:/],
])('a redirect that %s is told as that', async (_, redirect, code, message) => {
  script = [{ redirect }];
  expect(await rejectionOf(snapshot())).toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a redirect goes to another node, and never in a circle', async () => {
  script = [{ redirect: url }];
  expect(await rejectionOf(snapshot())).toMatchObject({ code: 'ERR_BACKUP_SOURCE_NO_LEADER' });
});
