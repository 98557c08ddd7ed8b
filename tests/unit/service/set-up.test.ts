import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { rejectionOf, thrownBy } from '../../support/errors';
import { memoryLogger } from '../../support/memory-logger';
import { DAY, writeBackup } from '../../support/planted-backups';
import { PACKAGE, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

function serviceWith(options: Partial<BackupServiceOptions>) {
  const logger = memoryLogger();
  return { service: new BackupService({ database: folder.file('app.db'), logger, ...options }), lines: logger.lines };
}

describe('the set-up', () => {
  test('is sound before the database exists: no line, and check() resolves', async () => {
    const { service, lines } = serviceWith({});
    await service.check();
    expect(lines).toEqual([]);
  });

  test.each<[string, () => Partial<BackupServiceOptions>, string, RegExp]>([
    [
      'no folder for the database',
      () => ({ database: folder.file('no/app.db') }),
      'ERR_BACKUP_SOURCE_MISSING',
      /no folder ".*no"/,
    ],
    [
      'no folder for the backups',
      () => ({ directory: folder.file('none') }),
      'ERR_BACKUP_DIRECTORY_MISSING',
      /no folder ".*none"/,
    ],
    [
      'a file in the place of the folder',
      () => {
        fs.writeFileSync(folder.file('file'), '');
        return { directory: folder.file('file') };
      },
      'ERR_BACKUP_DIRECTORY_MISSING',
      /is a file, not a folder/,
    ],
  ])('%s: one warning at once, and check() throws it', async (_what, options, code, says) => {
    const { service, lines } = serviceWith(options());
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^warn Backups will fail as this is set up \\[${code}\\]`)),
    ]);
    const error = await rejectionOf(service.check());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
  });

  test('a wrong working directory is named as such, when the service is made and when an attempt fails', () => {
    const found = runNode<{ checked: string; failed: string }>(
      `
      const { BackupService } = require(${JSON.stringify(PACKAGE)});
      const logger = { info() {}, warn() {}, error() {} };
      process.chdir(process.argv[1]);
      const service = new BackupService({ database: 'instance/app.db', logger });
      (async () => {
        const checked = await service.check().catch((error) => error.message);
        const failed = await service.createBackup().catch((error) => error.message);
        console.log(JSON.stringify({ checked, failed }));
      })();`,
      { args: [folder.path] },
    );
    for (const message of [found.checked, found.failed]) {
      expect(message).toContain(`the working directory is "${fs.realpathSync(folder.path)}"`);
      expect(message).not.toContain('Create it');
    }
  });
});

describe('a service that is switched off', () => {
  test('takes nothing, looks at nothing, and says so in one line', async () => {
    const { service, lines } = serviceWith({ enabled: false, database: ':memory:', directory: folder.file('none') });
    expect(lines).toEqual(['warn Backups are switched off (enabled: false): none will be taken']);
    expect([service.knownFresh, service.isKnownFresh({ interval: 0 }), service.shouldBackup()]).toEqual([
      true,
      true,
      false,
    ]);
    expect(service.checkDue()).toEqual({ due: false, reason: 'disabled' });
    expect(await service.backupIfDue()).toEqual({ status: 'disabled' });
    expect(service.backupIfDueSync({ interval: 0 })).toEqual({ status: 'disabled' });
    expect((await rejectionOf(service.createBackup())).code).toBe('ERR_BACKUP_DISABLED');
    expect(thrownBy(() => service.createBackupSync()).code).toBe('ERR_BACKUP_DISABLED');
    expect((await rejectionOf(service.restoreBackup('x'))).code).toBe('ERR_BACKUP_DISABLED');
    await service.check();
    expect(lines).toHaveLength(1);
  });

  test.each([
    ['false', false],
    ['0', false],
    ['off', false],
    ['true', true],
    ['', true],
  ])('BACKUP_ENABLED=%s: enabled is %s, unless the option says otherwise', (value, enabled) => {
    process.env['BACKUP_ENABLED'] = value;
    try {
      expect(serviceWith({}).service.checkDue().reason === 'disabled').toBe(!enabled);
      expect(serviceWith({ enabled: true }).service.checkDue().reason).toBe('none');
    } finally {
      delete process.env['BACKUP_ENABLED'];
    }
  });

  test('a BACKUP_ENABLED that is neither is refused', () => {
    process.env['BACKUP_ENABLED'] = 'perhaps';
    try {
      expect(thrownBy(() => serviceWith({})).message).toContain('BACKUP_ENABLED is "perhaps"');
    } finally {
      delete process.env['BACKUP_ENABLED'];
    }
  });
});

test('an event that there is not is refused with those that there are', () => {
  const { service } = serviceWith({});
  const error = thrownBy(() => service.on('create' as 'created', () => {}));
  expect(error.code).toBe('ERR_BACKUP_OPTIONS');
  expect(error.message).toContain('created, failed, pruned');
});

describe("a call's own interval", () => {
  test('decides what is due for it, and what is known without a look', async () => {
    writeBackup(folder.path, new Date(Date.now() - DAY), { manifest: true });
    const { service } = serviceWith({ recheckInterval: '1h' });
    expect(service.isKnownFresh({ interval: '2d' })).toBe(false);
    expect(service.checkDue().reason).toBe('fresh');
    expect([service.isKnownFresh({ interval: '2d' }), service.isKnownFresh({ interval: '12h' })]).toEqual([
      true,
      false,
    ]);
    expect((await service.checkDueAsync({ interval: '12h' })).reason).toBe('too-old');
    expect(service.shouldBackup({ interval: 0 })).toBe(true);
  });
});

test.each([
  ['pullBackup', { befor: new Date() }],
  ['pullBackup', { before: '2026-11-20' }],
  ['verifyCopy', { lvl: 'hash' }],
  ['verifyCopy', { level: 'deep' }],
  ['protectBackup', { singal: undefined }],
  ['shipPending', { signal: new AbortController() }],
  ['listCopies', { allHost: true }],
  ['restoreBackup', { too: 'x' }],
  ['verifyBackup', { level: 'deep' }],
  ['pruneBackups', { dryrun: true }],
  ['checkDueAsync', { interval: 'soon' }],
] as const)('%s(%j): a misspelled option or a wrong value is refused', async (method, options) => {
  const { service } = serviceWith({});
  const call = service[method] as (...args: unknown[]) => Promise<unknown>;
  const args = ['pullBackup', 'verifyCopy', 'restoreBackup', 'verifyBackup'].includes(method)
    ? ['latest', options]
    : method === 'protectBackup'
      ? ['latest', true, options]
      : [options];
  const error = await rejectionOf(Promise.resolve(call.apply(service, args)));
  expect(error.code).toBe('ERR_BACKUP_OPTIONS');
  expect(error.message).toContain(method);
});

test('an app that was started again as its own child process makes no service, and may say so itself', () => {
  process.env['SQLITE_AUTOBACKUP_CHILD'] = '1';
  try {
    expect(() => new BackupService({ database: folder.file('app.db'), logger: memoryLogger() })).toThrow(
      expect.objectContaining({ code: 'ERR_BACKUP_CHILD_FAILED' }),
    );
  } finally {
    delete process.env['SQLITE_AUTOBACKUP_CHILD'];
  }
});
