import fc from 'fast-check';
import { inspect } from 'node:util';
import { BackupService, directoryStore, pullBackup } from 'sqlite-autobackup';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { s3Store } from 'sqlite-autobackup/s3';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const nodes = ['http://127.0.0.1:1'];
const hook = 'https://hooks.example.com/x';
const mail = { from: 'a@example.com', to: 'b@example.com' };
const service = (options: object) => new BackupService({ database: folder.file('app.db'), logger, ...options });
const logger = memoryLogger();

/** Everywhere a secret belongs, or is put by mistake: what is made of it, or the error. */
const PLACES: Readonly<Record<string, (secret: unknown) => unknown>> = {
  's3Store credentials': (credentials) => s3Store({ bucket: 'backups', credentials } as never),
  's3Store secretAccessKey': (secretAccessKey) => s3Store({ bucket: 'backups', secretAccessKey } as never),
  's3Store credentials.sessionToken': (sessionToken) => s3Store({ bucket: 'backups', credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken } } as never), // prettier-ignore
  's3Store encrypt': (encrypt) => s3Store({ bucket: 'backups', encrypt } as never),
  // Names, which are shown everywhere, and words: what is none of them is not repeated.
  ...Object.fromEntries(
    ['bucket', 'prefix', 'region', 'endpoint', 'storageClass', 'kmsKeyId', 'serverSideEncryption'].map((option) => [
      `s3Store ${option}`,
      (given: unknown) => s3Store({ bucket: 'backups', [option]: typeof given === 'string' ? `/+${given}=` : given }),
    ]),
  ),
  's3Store endpoint with a password': (password) =>
    s3Store({ bucket: 'backups', endpoint: `https://key:${String(password)}@s3.example.com` }),
  'rqlite nodes': (node) => rqlite({ nodes: [node], name: 'app.db' } as never),
  'rqlite nodes with a password': (password) =>
    rqlite({ nodes: [`http://user:${String(password)}@127.0.0.1:4001`], name: 'app.db' }),
  'an address for a folder': (password) => directoryStore(`smb://user:${String(password)}@nas/backups`),
  'an address for the folder of the backups': (password) =>
    service({ directory: `smb://user:${String(password)}@nas/backups` }),
  "a store of one's own with a password in its name": (password) =>
    service({ copies: [{ ...directoryStore(folder.path), name: `sftp://user:${String(password)}@nas/backups` }] }),
  'directoryStore encrypt': (encrypt) => directoryStore(folder.path, { encrypt } as never),
  'directoryStore passphrase': (passphrase) => directoryStore(folder.path, { encrypt: { passphrase } } as never),
  'rqlite auth': (auth) => rqlite({ nodes, name: 'app.db', auth } as never),
  'rqlite auth.password': (password) => rqlite({ nodes, name: 'app.db', auth: { username: 'u', password } } as never),
  'rqlite tls': (tls) => rqlite({ nodes, name: 'app.db', tls } as never),
  'rqlite password': (password) => rqlite({ nodes, name: 'app.db', password } as never),
  notify: (notify) => service({ notify }),
  'notify, as a list': (heartbeat) => service({ notify: [{ heartbeat }] }),
  'notify.heartbeat': (heartbeat) => service({ notify: { heartbeat } }),
  'notify.webhook': (webhook) => service({ notify: { webhook } }),
  'notify.webhook.url': (url) => service({ notify: { webhook: { url } } }),
  'notify.webhook.secret': (secret) => service({ notify: { webhook: { url: hook, secret } } }),
  'notify.webhook.headers': (headers) => service({ notify: { webhook: { url: hook, headers } } }),
  'notify.webhook.headers.x': (x) => service({ notify: { webhook: { url: hook, headers: { x } } } }),
  'notify.mail': (given) => service({ notify: { mail: given } }),
  'notify.mail.transport': (transport) => service({ notify: { mail: { ...mail, transport } } }),
  'notify.mail.transport.auth': (pass) => service({ notify: { mail: { ...mail, transport: { host: 'h', auth: { user: 'u', pass } } } } }), // prettier-ignore
  'copies, without s3Store()': (credentials) => service({ copies: [{ bucket: 'backups', credentials }] }),
  'copies, no list': (secretAccessKey) => service({ copies: { bucket: 'backups', secretAccessKey } }),
  'pullBackup identities': (identities) => pullBackup({ from: directoryStore(folder.path), to: folder.path, identities } as never), // prettier-ignore
  'pullBackup from': (token) => pullBackup({ from: { bucket: 'backups', token }, to: folder.path } as never),
  'a database that is an address': (password) =>
    service({ database: `https://user:${String(password)}@db.example.com/app.db` }),
};
const SHAPES: readonly ((secret: string) => unknown)[] = [
  (secret) => secret,
  (secret) => [secret],
  (secret) => ({ key: secret }),
  (secret) => ({ key: { key: secret } }),
  (secret) => [{ key: secret }],
  (secret) => [[secret], 5],
];

/** What somebody may print of a value or an error, and of what caused it. */
function prints(value: unknown): string {
  const own = [inspect(value, { depth: 9 }), JSON.stringify(value), String(value)];
  if (!(value instanceof Error)) return own.join('\n');
  return [...own, value.stack, value.message, value.cause === undefined ? '' : prints(value.cause)].join('\n');
}

test('a secret is in no print of what it was given to, and in no error, wherever and in whatever form it is given', async () => {
  const secret = fc.constantFrom('hunter2-Xq9', 'AGE-SECRET-KEY-1QQPQQPQSECRET');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(PLACES)),
      fc.constantFrom(...SHAPES),
      secret,
      async (place, shape, text) => {
        let made: unknown;
        try {
          made = await PLACES[place]!(shape(text));
        } catch (error) {
          made = error;
        }
        expect({ place, said: prints(made) }).toEqual({ place, said: expect.not.stringContaining(text) });
      },
    ),
    { numRuns: 600 },
  );
  expect(logger.lines.join('\n')).not.toMatch(/hunter2|QQPQQPQ/);
});

test('what cannot be shown is not taken where it would be: a word beside credentials, a name, a folder', () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  for (const option of ['region', 'storageClass', 'serverSideEncryption']) {
    expect(() => s3Store({ bucket: 'backups', [option]: secret })).toThrow(`the option "${option}" is not shown`);
    expect(() => s3Store({ bucket: 'backups', [option]: 'eu-central-1'.slice(0, 2) })).not.toThrow();
  }
  expect(() => s3Store({ bucket: 'backups', region: 'eu-central-1' })).not.toThrow();
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  expect(() => s3Store({ bucket: 'backups', serverSideEncryption: 'aws:kms', kmsKeyId: arn })).not.toThrow();
  const address = 'sftp://user:hunter2@nas.example.com/backups';
  const refusal = expect.objectContaining({
    code: 'ERR_BACKUP_OPTIONS',
    message: expect.not.stringContaining('hunter2'),
  });
  const thrown = (make: () => unknown): unknown => {
    try {
      return make();
    } catch (error) {
      return error;
    }
  };
  expect(thrown(() => directoryStore(address))).toEqual(refusal);
  expect(thrown(() => service({ directory: address }))).toEqual(refusal);
  expect(thrown(() => service({ copies: [{ ...directoryStore(folder.path), name: address }] }))).toEqual(refusal);
  const cluster = { ...rqlite({ nodes, name: 'app.db' }), recipe: { module: 'm', name: 'n', args: [] } };
  const from = (description: string) => service({ database: { ...cluster, description }, directory: folder.path });
  expect(thrown(() => from(address))).toEqual(refusal);
  expect(thrown(() => from('sftp://nas.example.com/backups'))).toBeInstanceOf(BackupService);
});
