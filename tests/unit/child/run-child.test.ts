import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ChildRequest } from '#dist/child/protocol.js';
import { run, runSync } from '#dist/child/run-child.js';
import { driverUnfit, installedDriver } from '#dist/child/start-child.js';
import { BackupService } from 'sqlite-autobackup';
import { createLedger } from '../../support/databases';
import { rejectionOf, thrownBy } from '../../support/errors';
import { memoryLogger } from '../../support/memory-logger';
import { DIST, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

// What the parent makes of a child that misbehaves; tests/faults has the real child on real databases.
const node = process.execPath;
const inherited = process.env['NODE_OPTIONS'];
afterEach(() => {
  process.execPath = node;
  if (inherited === undefined) delete process.env['NODE_OPTIONS'];
  else process.env['NODE_OPTIONS'] = inherited;
});
const folder = useTempFolder();
// A script in the place of Node, which Windows cannot start.
const describePosix = process.platform === 'win32' ? describe.skip : describe;

/** The next child is this script: it has `say(message)` and, when its request has arrived, `request`. */
function childIs(body: string): void {
  const file = folder.file('child.js');
  const start = `#!${node}
    const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
    const request = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));\n`;
  fs.writeFileSync(file, start + body, { mode: 0o755 });
  process.execPath = file;
}

const request = (): ChildRequest => ({
  kind: 'create',
  database: folder.file('app.db'),
  directory: folder.path,
  ifOlderThanMs: null,
  verify: 'quick',
  timeoutMs: 60_000,
});
/** The answer of a child, with what it found out in it. */
const answer = (found: string) => `say({ type: 'result', result: { kind: 'inspected', facts: ${found} } });`;
/** Both ways to run a child, as a promise. */
const ways: [string, () => Promise<unknown>][] = [
  ['run', () => run(request())],
  ['runSync', async () => runSync(request())],
];

describePosix.each(ways)('%s:', (_name, start) => {
  test('the request reaches the child whole, and its answer comes back', async () => {
    childIs(answer('request'));
    expect(await start()).toEqual({ kind: 'inspected', facts: request() });
  });

  test("the app's NODE_OPTIONS are not the child's, and under Electron it runs as Node", async () => {
    process.env['NODE_OPTIONS'] = '--require ./does-not-exist.js';
    childIs(
      answer('{ seen: [process.env.NODE_OPTIONS, process.env.ELECTRON_RUN_AS_NODE, process.argv[2], process.cwd()] }'),
    );
    const main = path.join(DIST, 'isolated', 'main.js');
    expect(await start()).toEqual({
      kind: 'inspected',
      facts: { seen: [null, '1', main, fs.realpathSync(os.tmpdir())] },
    });
  });

  test('an error that the child reports is thrown as it is', async () => {
    childIs(`say({ type: 'error', error: { code: 'ERR_BACKUP_NO_SPACE', what: 'Full.', step: 'copy', hint: 'Free some.' } });
      process.exitCode = 1;`);
    const error = await rejectionOf(start());
    expect(error).toMatchObject({ code: 'ERR_BACKUP_NO_SPACE', message: 'Full. Free some.', step: 'copy' });
  });

  test('a child that ends without an answer is an error with its step, its code and the end of what it printed', async () => {
    childIs(`say({ type: 'step', step: 'seal' });
      process.stderr.write('x'.repeat(20000) + 'out of luck', () => process.exit(7));`);
    const error = await rejectionOf(start());
    expect(error).toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED', step: 'seal' });
    expect(error.message).toMatch(/ended with code 7 in step "seal": ….{0,300}out of luck\./);
    expect((error.cause as Error).message).toMatch(/^x+out of luck$/);
    expect((error.cause as Error).message).toHaveLength(8_192);
  });

  test('what a child printed adds no line and no colour to the error', async () => {
    childIs(`process.stderr.write('bad\\u009b31m\\u2028luck', () => process.exit(7));`);
    expect((await rejectionOf(start())).message).toContain(String.raw`: bad\u009b31m | luck.`);
  });

  test('a child that ends without an error code and without an answer has failed too', async () => {
    childIs('');
    const error = await rejectionOf(start());
    expect([error.code, error.cause]).toEqual(['ERR_BACKUP_CHILD_FAILED', undefined]);
    expect(error.message).toContain('ended with code 0 in step "start"');
  });

  test('one that was killed from outside leads to the out-of-memory killer', async () => {
    childIs(`process.kill(process.pid, 'SIGKILL');`);
    const error = await rejectionOf(start());
    expect(error.message).toContain('was ended by SIGKILL');
    expect(error.hint).toContain('out-of-memory');
  });

  test('what it was writing is removed with its side files, and nothing else', async () => {
    const partial = folder.file('.app_backup_x.partial');
    for (const suffix of ['', '-journal', '-wal', '-shm', '.json', '.other']) fs.writeFileSync(partial + suffix, 'x');
    childIs(`say({ type: 'partial', path: ${JSON.stringify(partial)} });`);
    await rejectionOf(start());
    expect(folder.list()).toEqual(['.app_backup_x.partial.other', 'child.js']);
  });

  test('whatever the child says, no file is removed but what its request makes', async () => {
    fs.mkdirSync(folder.file('elsewhere'));
    const theirs = [
      'app.db',
      'x.partial',
      '.app_backup_x.partial.db',
      '.other_backup_x.partial',
      'elsewhere/.app_backup_x.partial',
    ];
    for (const file of theirs) fs.writeFileSync(folder.file(file), 'x');
    const said = [...theirs, '.app_backup_/../elsewhere/.app_backup_x.partial', 'elsewhere', ''].map((file) =>
      JSON.stringify(`${folder.path}/${file}`),
    );
    childIs(`for (const path of [${said.join(', ')}, '.app_backup_x.partial']) say({ type: 'partial', path });`);
    await rejectionOf(start());
    for (const file of theirs) expect(fs.existsSync(folder.file(file))).toBe(true);
  });

  test('a child of another version: what it says that is unknown is passed over, its answer counts', async () => {
    childIs(`say({ type: 'phase', phase: 1 }); say({ type: 'partial' }); say({ type: 'result' }); say({ type: 'error' });
      say({ type: 'result', result: { kind: 'created', backup: {} } }); say({ type: 'progress', doneBytes: 'x' });
      ${answer('{ a: 1 }')} say({ type: 'error', error: { code: 'X', what: '', step: '', hint: '' } });`);
    expect(await start()).toEqual({ kind: 'inspected', facts: { a: 1 } });
  });

  test('a code of another version is that of a child that failed, with the text', async () => {
    childIs(`say({ type: 'error', error: { code: 'ERR_BACKUP_NEW', what: 'Odd.', step: 'copy', hint: 'Wait.' } });`);
    expect(await rejectionOf(start())).toMatchObject({
      code: 'ERR_BACKUP_CHILD_FAILED',
      message: 'Odd. [ERR_BACKUP_NEW] Wait.',
    });
  });

  test('a Node that cannot be started is named', async () => {
    process.execPath = folder.file('no-such-node');
    const error = await rejectionOf(start());
    expect(error).toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED', step: 'start', cause: { code: 'ENOENT' } });
    expect(error.hint).toContain('no-such-node');
  });

  test('a start that the system refuses at once is that failure, not a defect of the snapshotter', async () => {
    childIs(answer('{}'));
    // Linux passes no text of more than 128 kB to a program.
    process.env['SQLITE_AUTOBACKUP_TEST_HUGE'] = 'x'.repeat(3_000_000);
    try {
      const error = await rejectionOf(start());
      expect(error).toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED', step: 'start', cause: { code: 'E2BIG' } });
    } finally {
      delete process.env['SQLITE_AUTOBACKUP_TEST_HUGE'];
    }
  });
});

describePosix('where process.execPath is the app itself', () => {
  test.each(ways)(
    '%s: the app that is started as the child ends at once and says why, and starts no further one',
    async (_name, start) => {
      const app = folder.file('app.js');
      const runs = folder.file('runs');
      fs.writeFileSync(
        app,
        `#!${node}
      require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'x');
      process.execPath = __filename;
      const { BackupService } = require(${JSON.stringify(path.join(DIST, 'index.js'))});
      const logger = { info() {}, warn() {}, error() {} };
      const service = new BackupService({ database: ${JSON.stringify(folder.file('app.db'))}, logger });
      service.createBackup().catch(() => {});
      setInterval(() => {}, 1000);`,
        { mode: 0o755 },
      );
      process.execPath = app;
      const error = await rejectionOf(start());
      expect(error.code).toBe('ERR_BACKUP_CHILD_FAILED');
      expect(error.message).toContain('is the app itself, not Node');
      expect(error.message).toContain('RunAsNode');
      expect(fs.readFileSync(runs, 'utf8')).toBe('x');
    },
  );
});

describe('a better-sqlite3 that does not fit this Node', () => {
  test.each([
    ['20.20.2', '>=22', true],
    ['20.20.2', '22.x || 24.x', true],
    ['22.11.0', '^22.12.0 || >=24', true],
    ['20.20.2', '20.x || 22.x || 23.x', false],
    ['27.0.0', '20.x || 22.x', false],
    ['22.12.0', '>=22.12.0', false],
    ['20.20.2', '*', false],
  ])('Node %s and %s: refused before it is loaded is %s', (version, range, refused) => {
    const error = driverUnfit(version, { version: '13.0.1', node: range });
    expect(error !== undefined).toBe(refused);
    if (error) expect(error.message).toContain(`better-sqlite3 13.0.1 does not run in Node ${version}`);
  });

  test('one that is not installed is named', () => {
    expect(driverUnfit()).toBeUndefined();
    expect(installedDriver()).toMatchObject({ version: expect.stringMatching(/^\d+\./) });
  });
});

describePosix('an app that has no file descriptors left', () => {
  const app = (call: string) => `
    const fs = require('node:fs');
    const { run, runSync } = require(${JSON.stringify(path.join(DIST, 'child', 'run-child.js'))});
    const events = [];
    process.on('uncaughtException', (error) => events.push(error.message));
    process.on('unhandledRejection', (error) => events.push(error.message));
    // Loads what there is to load.
    try { runSync({ ...${JSON.stringify(request())}, timeoutMs: 1 }); } catch {}
    const taken = [];
    try { for (;;) taken.push(fs.openSync('/dev/null')); } catch {}
    void (async () => {
      const code = await (async () => ${call})().catch((error) => error.code + ' ' + error.cause?.code);
      taken.forEach((descriptor) => fs.closeSync(descriptor));
      // An error event that nobody listens to comes in the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify({ code, events }));
    })();`;

  test.each(['run', 'runSync'])('%s: is told so, and lives on', (name) => {
    const source = app(`${name}(${JSON.stringify(request())})`);
    const found = runNode(source, { limitFiles: 128 });
    expect(found).toEqual({ code: 'ERR_BACKUP_CHILD_FAILED EMFILE', events: [] });
  });
});

describePosix('a child that gives no answer', () => {
  const hang = 'setInterval(() => {}, 1000);';

  test('is ended at the timeout', async () => {
    childIs(hang);
    const short = { ...request(), timeoutMs: 50 };
    const error = await rejectionOf(run(short));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_TIMEOUT', step: 'start' });
    expect(error.message).toContain('not done after 0.05 s');
    expect(thrownBy(() => runSync(short)).code).toBe('ERR_BACKUP_TIMEOUT');
  });

  test('is ended when the caller cancels, with the step that it was in, and its partial is gone', async () => {
    const partial = folder.file('.app_backup_x.partial');
    fs.writeFileSync(partial, 'x');
    childIs(`say({ type: 'partial', path: ${JSON.stringify(partial)} }); say({ type: 'step', step: 'copy' }); ${hang}`);
    const controller = new AbortController();
    const why = new Error('closing');
    const running = run(request(), { signal: controller.signal, onProgress: () => controller.abort(why) });
    const error = await rejectionOf(running);
    expect(error).toMatchObject({ code: 'ERR_BACKUP_CANCELLED', step: 'copy', cause: why });
    expect(fs.existsSync(partial)).toBe(false);
  });

  test('in the step that publishes, an error does not say that nothing is left', async () => {
    childIs(`say({ type: 'step', step: 'publish' }); ${hang}`);
    const controller = new AbortController();
    const cancelled = await rejectionOf(
      run(request(), { signal: controller.signal, onProgress: () => controller.abort() }),
    );
    let timedOut = cancelled;
    // A machine that needs longer to start Node gets longer.
    for (const timeoutMs of [2_000, 60_000]) {
      timedOut = await rejectionOf(run({ ...request(), timeoutMs }));
      if (timedOut.step === 'publish') break;
    }

    expect([cancelled.code, timedOut.code]).toEqual(['ERR_BACKUP_CANCELLED', 'ERR_BACKUP_TIMEOUT']);
    for (const error of [cancelled, timedOut]) {
      expect(error.step).toBe('publish');
      expect(error.hint).toMatch(/if listBackups\(\) has it, it is whole and verified\.$/);
    }
  });

  test('is not even started with a signal that is aborted already', async () => {
    childIs(`require('node:fs').writeFileSync(${JSON.stringify(folder.file('started'))}, '');`);
    const error = await rejectionOf(run(request(), { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_CANCELLED', step: 'start' });
    expect(folder.list()).toEqual(['child.js']);
  });
});

describePosix('a machine so busy that Node takes six seconds to start', () => {
  test('has a status all the same', async () => {
    createLedger(folder.file('app.db'), 'wal').close();
    const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
    fs.writeFileSync(folder.file('slow-node'), `#!/bin/sh\nsleep 6\nexec "${node}" "$@"\n`, { mode: 0o755 });
    process.execPath = folder.file('slow-node');
    expect(await service.status()).toMatchObject({ database: { journalMode: 'wal' }, warnings: [] });
  });
});

describePosix('progress', () => {
  const body = `say({ type: 'step', step: 'copy' }); say({ type: 'progress', doneBytes: 5, totalBytes: 9 });`;

  test('is told with its step', async () => {
    childIs(body + answer('{}'));
    const onProgress = jest.fn();
    await run(request(), { onProgress });
    expect(onProgress.mock.calls).toEqual([
      [{ step: 'copy', doneBytes: 0, totalBytes: 0 }],
      [{ step: 'copy', doneBytes: 5, totalBytes: 9 }],
    ]);
  });

  test('to a listener that throws costs no backup', async () => {
    childIs(body + answer('{}'));
    const onProgress = () => {
      throw new Error('a progress bar');
    };
    expect(await run(request(), { onProgress })).toEqual({ kind: 'inspected', facts: {} });
  });
});
