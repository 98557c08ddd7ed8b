import crypto from 'node:crypto';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import zlib from 'node:zlib';
import { rejectionOf } from '../../support/errors';
import { runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';
import { DIST } from '../../support/run-node';

// jest cannot import() ES modules, and age-encryption is one: what encrypts runs in a process of its own.
const folder = useTempFolder();
const CODEC = `
  const { encode, decode } = require(${JSON.stringify(`${DIST}/stores/codec.js`)});
  const fs = require('node:fs');
  const { buffer } = require('node:stream/consumers');
  const { pipeline } = require('node:stream/promises');
`;

test('gzip is what gunzip opens, and comes back', async () => {
  const { encode, decode } = require('#dist/stores/codec.js') as typeof import('#dist/stores/codec.js');
  const bytes = Buffer.concat([crypto.randomBytes(100_000), Buffer.alloc(1_000_000)]);
  const packed = await buffer(encode(Readable.from([bytes]), { compress: 'gzip' }));
  expect(packed.length).toBeLessThan(150_000);
  expect(zlib.gunzipSync(packed).equals(bytes)).toBe(true);
  expect((await buffer(decode(Readable.from([packed]), { compress: 'gzip' }, [], 'x'))).equals(bytes)).toBe(true);
});

test('without settings the bytes stay as they are', async () => {
  const { encode } = require('#dist/stores/codec.js') as typeof import('#dist/stores/codec.js');
  const bytes = crypto.randomBytes(100_000);
  expect((await buffer(encode(Readable.from([bytes]), {}))).equals(bytes)).toBe(true);
});

test('a source that fails makes the encoded stream fail, not end', async () => {
  const { encode, decode } = require('#dist/stores/codec.js') as typeof import('#dist/stores/codec.js');

  const broken = async function* () {
    yield crypto.randomBytes(100_000);
    throw new Error('the disk');
  };
  await expect(buffer(encode(Readable.from(broken()), { compress: 'gzip' }))).rejects.toThrow('the disk');
  const half = zlib.gzipSync(crypto.randomBytes(100_000)).subarray(0, 50_000);
  await expect(buffer(decode(Readable.from([half]), { compress: 'gzip' }, [], 'x'))).rejects.toThrow(/end of file/);
});

describe('age', () => {
  test('compressed and encrypted to two recipients, each of them can open it; another identity cannot, and is told whose it is', () => {
    const bytes = crypto.randomBytes(300_000);
    fs.writeFileSync(folder.file('plain'), bytes);
    const result = runNode<{ one: boolean; two: boolean; none: Failure; wrong: Failure; recipients: string[] }>(
      `${CODEC}
      (async () => {
        const age = await import('age-encryption');
        const ids = await Promise.all([1, 2, 3].map(() => age.generateIdentity()));
        const recipients = await Promise.all(ids.slice(0, 2).map((id) => age.identityToRecipient(id)));
        const [plain] = process.argv.slice(-1);
        await pipeline(encode(fs.createReadStream(plain), { compress: 'gzip', encrypt: { recipients } }), fs.createWriteStream(plain + '.age'));
        const open = async (identities) => {
          const source = fs.createReadStream(plain + '.age');
          return (await buffer(decode(source, { compress: 'gzip', recipients }, identities, 'the copy'))).equals(fs.readFileSync(plain));
        };
        const failure = (identities) => open(identities).then(() => 'opened', ({ code, message }) => ({ code, message }));
        console.log(JSON.stringify({
          one: await open([ids[0]]), two: await open([ids[2], ids[1]]),
          none: await failure([]), wrong: await failure([ids[2]]), recipients,
        }));
      })();`,
      { args: [folder.file('plain')] },
    );
    expect(result).toMatchObject({ one: true, two: true });
    for (const failure of [result.none, result.wrong]) {
      expect(failure.code).toBe('ERR_BACKUP_COPY_ENCRYPTED');
      for (const recipient of result.recipients) expect(failure.message).toContain(recipient);
      expect(failure.message).not.toContain('AGE-SECRET-KEY-1Q');
    }
  });

  test('a changed or shortened object is an error, and its bytes never pass for the backup', () => {
    const result = runNode<{ flipped: string; cut: string }>(
      `${CODEC}
      (async () => {
        const age = await import('age-encryption');
        const id = await age.generateIdentity();
        const recipients = [await age.identityToRecipient(id)];
        const { Readable } = require('node:stream');
        const bytes = Buffer.alloc(300_000, 7);
        const stored = await buffer(encode(Readable.from([bytes]), { encrypt: { recipients } }));
        const open = async (object) => buffer(decode(Readable.from([object]), { recipients }, [id], 'x')).then(() => 'opened', () => 'refused');
        const flipped = Buffer.from(stored); flipped[200_000] ^= 1;
        console.log(JSON.stringify({ flipped: await open(flipped), cut: await open(stored.subarray(0, 200_000)) }));
      })();`,
    );
    expect(result).toEqual({ flipped: 'refused', cut: 'refused' });
  });

  test('a key with a mistake in it is named where it is public, and not repeated where it is secret', () => {
    const result = runNode<{ recipient: Failure; identity: Failure }>(
      `${CODEC}
      (async () => {
        const { Readable } = require('node:stream');
        const failure = (promise) => promise.then(() => 'none', ({ code, message }) => ({ code, message }));
        const recipient = 'age1' + 'q'.repeat(58);
        console.log(JSON.stringify({
          recipient: await failure(buffer(encode(Readable.from([]), { encrypt: { recipients: [recipient] } }))),
          identity: await failure(buffer(decode(Readable.from([]), { recipients: ['age1x'] }, ['AGE-SECRET-KEY-1OOPS'], 'x'))),
        }));
      })();`,
    );
    expect(result.recipient).toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
    expect(result.recipient.message).toContain('age1qqq');
    expect(result.identity).toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
    expect(result.identity.message).not.toContain('OOPS');
  });
});

test('zstd, or, where this Node has none, an error that says what it needs', async () => {
  const { encode, decode } = require('#dist/stores/codec.js') as typeof import('#dist/stores/codec.js');
  if ('createZstdDecompress' in zlib) {
    const bytes = Buffer.concat([crypto.randomBytes(100_000), Buffer.alloc(1_000_000)]);
    const packed = await buffer(encode(Readable.from([bytes]), { compress: 'zstd' }));
    // The magic number of the format, RFC 8878.
    expect(packed.subarray(0, 4).toString('hex')).toBe('28b52ffd');
    expect(packed.length).toBeLessThan(150_000);
    expect((await buffer(decode(Readable.from([packed]), { compress: 'zstd' }, [], 'x'))).equals(bytes)).toBe(true);
  } else {
    const error = await rejectionOf(buffer(decode(Readable.from([]), { compress: 'zstd' }, [], 'x')));
    expect(error.code).toBe('ERR_BACKUP_OPTIONS');
    expect(error.hint).toContain('22.15');
  }
});

interface Failure {
  code: string;
  message: string;
}
