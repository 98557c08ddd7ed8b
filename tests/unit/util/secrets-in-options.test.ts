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
  's3Store credentials': (credentials) => s3Store({ bucket: 'b', credentials } as never),
  's3Store secretAccessKey': (secretAccessKey) => s3Store({ bucket: 'b', secretAccessKey } as never),
  's3Store credentials.sessionToken': (sessionToken) => s3Store({ bucket: 'b', credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken } } as never), // prettier-ignore
  's3Store encrypt': (encrypt) => s3Store({ bucket: 'b', encrypt } as never),
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
  'copies, without s3Store()': (credentials) => service({ copies: [{ bucket: 'b', credentials }] }),
  'copies, no list': (secretAccessKey) => service({ copies: { bucket: 'b', secretAccessKey } }),
  'pullBackup identities': (identities) => pullBackup({ from: directoryStore(folder.path), to: folder.path, identities } as never), // prettier-ignore
  'pullBackup from': (token) => pullBackup({ from: { bucket: 'b', token }, to: folder.path } as never),
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
