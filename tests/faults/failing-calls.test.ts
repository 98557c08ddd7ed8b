import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from 'sqlite-autobackup';
import { useFaultRecord } from '../support/fault-record';
import { DIST } from '../support/run-node';
import { createState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, filesOf } from '../support/whole-backups';

// One call of the file system fails, each in its turn: whatever it is, what is said afterwards is so.
const faults = useFaultRecord();
const folder = useTempFolder();
const STATE = { tag: 'a', rows: 30 };
const database = () => folder.file('app.db');
const FAILING_CALL = path.join(__dirname, 'fixtures', 'failing-call.js');
/** More than any request makes; only ends the loop if the count were lost. */
const MAX_CALLS = 400;
// The long run, in which every call fails: FAULT_EVERY=1 npx jest --selectProjects faults --testPathPatterns failing-calls
const EVERY = Number(process.env['FAULT_EVERY'] ?? 8);
const FIRST = Number(process.env['FAULT_FIRST'] ?? 1 + (Number(process.env['FAULT_SEED'] ?? Date.now()) % EVERY));
const CALLS = `FAULT_FIRST=${FIRST} FAULT_EVERY=${EVERY}`;

interface Ended {
  answer: { type: string; error?: { code: string; what: string; hint: string } };
  calls: number;
}

function ask(request: object, failAt = 0): Ended {
  const { stdout, stderr, error } = spawnSync(
    process.execPath,
    ['--require', FAILING_CALL, path.join(DIST, 'isolated', 'main.js')],
    {
      input: JSON.stringify({ database: database(), directory: folder.path, timeoutMs: 60_000, ...request }),
      encoding: 'utf8',
      env: { ...process.env, FAIL_AT: String(failAt), FAIL_IN: folder.path },
      timeout: 300_000,
    },
  );
  if (error) throw error;
  const calls = Number(/calls: (\d+)/.exec(stderr)?.[1]);
  if (stdout === '') throw new Error(stderr);
  return { answer: JSON.parse(stdout.trim().split('\n').at(-1)!) as Ended['answer'], calls };
}

/** Lets each call, or one in EVERY, fail once, until a run makes fewer. */
function eachCallFails(
  request: { kind: string; [key: string]: unknown },
  judge: (ended: Ended, failAt: number) => void,
): void {
  const failing = faults({ law: 2, fault: `${request.kind}: EIO from one call of Node`, seed: CALLS });
  let failAt = FIRST;
  for (; failAt < MAX_CALLS; failAt += EVERY) {
    const ended = ask(request, failAt);
    if (ended.calls < failAt) {
      judge(ended, failAt);
      break;
    }
    failing.injected();
    judge(ended, failAt);
    failing.held(ended.answer.error?.code ?? 'succeeded');
  }
  expect(failAt).toBeGreaterThan(10);
  expect(failAt).toBeLessThan(MAX_CALLS);
}

test(`a backup stands, whole, or the error that is told leaves none (${CALLS})`, () => {
  createState(database(), 'wal', STATE).close();
  expect(ask({ kind: 'create', ifOlderThanMs: null, verify: 'quick' }).answer.type).toBe('result');
  const before = contentsOf(folder.path);
  eachCallFails({ kind: 'create', ifOlderThanMs: null, verify: 'quick' }, ({ answer }, failAt) => {
    const added = backupNames(folder.path).filter((name) => !(name in before));
    if (answer.error) {
      expect(answer.error.code).toMatch(/^ERR_BACKUP_/);
      const said = /(is|was) made/.test(answer.error.what);
      expect({ failAt, added: added.length, what: answer.error.what }).toMatchObject({ added: said ? 1 : 0 });
    } else {
      expect(added).toHaveLength(1);
    }
    for (const name of added) {
      expect(stateOf(folder.file(name))).toEqual(STATE);
      const manifest = JSON.parse(fs.readFileSync(folder.file(name.replace(/db$/, 'json')), 'utf8')) as Manifest;
      expect(manifest.name).toBe(name);
      fs.rmSync(folder.file(name));
      fs.rmSync(folder.file(name.replace(/db$/, 'json')));
    }
    expect(contentsOf(folder.path)).toMatchObject(before);
  });
  expect(ask({ kind: 'create', ifOlderThanMs: null, verify: 'quick' }).answer.type).toBe('result');
  expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  expect(stateOf(database())).toEqual(STATE);
});

test(`protection is as it was, or the error says that it was changed (${CALLS})`, () => {
  createState(database(), 'delete', STATE).close();
  ask({ kind: 'create', ifOlderThanMs: null, verify: 'quick' });
  const [name] = backupNames(folder.path);
  const manifest = folder.file(name!.replace(/db$/, 'json'));
  const original = fs.readFileSync(manifest);
  eachCallFails({ kind: 'protect', name, protected: true }, ({ answer }) => {
    const { protected: now } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as Manifest;
    expect(now).toBe(answer.error === undefined || answer.error.what.includes('was rewritten'));
    fs.writeFileSync(manifest, original);
  });
});
