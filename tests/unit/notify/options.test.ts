import { inspect } from 'node:util';
import path from 'node:path';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import type { NotifyOptions } from 'sqlite-autobackup';
import { resetAutoBackup } from 'sqlite-autobackup/testing';
import { thrownBy } from '../../support/errors';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const serviceWith = (notify: object) =>
  new BackupService({
    database: folder.file('app.db'),
    notify,
    logger: memoryLogger(),
    snapshotter: fakeSnapshotter(),
  });

test.each([
  [{ heartbeat: 'ftp://example.com/s3cret' }, 'notify: the option "heartbeat"', 'https://'],
  [{ webhook: { url: '/s3cret' } }, 'notify.webhook: the option "url"', 'https://'],
  [{ webhook: 'https://u:s3cret@a.example/' }, 'notify: the option "webhook"', 'without a user name'],
  [{ webhook: { url: 'https://u:s3cret@a.example/' } }, 'notify.webhook: the option "url"', '"headers"'],
  [{ webhook: { url: 'https://a.example', headers: { authorization: 's3cret\nx' } } }, '"headers"', 'HTTP allows'],
  [{ webhook: [{ url: 'https://a.example', format: 'smoke' }] }, 'notify.webhook: the option "format"', 'slack'],
  [{ webhook: { url: 'https://a.example', secret: '' } }, 'notify.webhook: the option "secret"', 'not empty'],
  [{ mail: { transport: 'smtp://u:s3cret@h', from: 'a@b.c' } }, 'notify.mail: the option "to"', 'addresses'],
  [{ mail: { transport: 7, from: 'a@b.c', to: 'd@e.f' } }, 'notify.mail: the option "transport"', 'nodemailer'],
  [{ failedAfter: 0 }, 'notify: the option "failedAfter" is 0', 'from 1'],
  [{ overdueAfter: 'soon' }, 'notify: the option "overdueAfter" is "soon"', '12h'],
  [{ only: ['explosion'] }, 'notify: the option "only"', 'copies-behind'],
  [{ hartbeat: 'https://a.example' }, 'notify: there is no option "hartbeat"', 'heartbeat'],
])('%j is refused, with what is allowed, and shows no address', (notify, what, allowed) => {
  const error = thrownBy(() => serviceWith(notify));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', message: expect.stringContaining(what) });
  expect((error as Error).message).toContain(allowed);
  expect((error as Error).message).not.toContain('s3cret');
});

test('whoever prints a service, or is told that two differ, sees no address and no secret', () => {
  const notify = (token: string): NotifyOptions => ({
    heartbeat: `https://hc.example/${token}`,
    webhook: { url: `https://hooks.example/${token}`, secret: token },
    mail: { transport: `smtp://user:${token}@mail.example`, from: 'a@b.c', to: 'd@e.f' },
  });
  const printed = inspect(serviceWith(notify('s3cret')), { depth: 20, showHidden: true });
  expect(printed).not.toContain('s3cret');
  const database = path.join(folder.path, 'app.db');
  const given = { database, logger: memoryLogger(), snapshotter: fakeSnapshotter() };
  try {
    configureAutoBackup({ ...given, notify: notify('s3cret') });
    configureAutoBackup({ ...given, notify: notify('s3cret') });
    const error = thrownBy(() => configureAutoBackup({ ...given, notify: notify('s3cret2') })) as Error;
    expect(error.message).toContain('notify is another one');
    expect(error.message).not.toContain('s3cret');
  } finally {
    resetAutoBackup();
  }
});
