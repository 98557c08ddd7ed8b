import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { BackupError, messageOf } from '../util/errors.js';
import type { CopySettings } from './backup-store.js';

// Everything here is a generator: nothing flows, and so nothing can fail, before somebody reads. An error at any moment
// reaches the reader, and a reader that stops closes the source.

type Bytes = AsyncIterable<Uint8Array>;
type WebBytes = ReadableStream<Uint8Array>;

/** The part of `age-encryption` that is used. Its own types need those of browsers, which a server's program does not have. */
interface Age {
  readonly Encrypter: new () => { addRecipient(recipient: string): void; encrypt(file: WebBytes): Promise<WebBytes> };
  readonly Decrypter: new () => { addIdentity(identity: string): void; decrypt(file: WebBytes): Promise<WebBytes> };
}

/** It is an ES module, hence import(). It is loaded only where something is encrypted. */
async function loadAge(): Promise<Age> {
  // A variable instead of a literal, so that the compiler does not load the package's types.
  const name: string = 'age-encryption';
  return (await import(name)) as Age;
}

/** Turns the bytes of a backup into those of its copy: compressed, then encrypted. Memory does not grow with them. */
export async function* encode(
  source: Bytes,
  { compress, encrypt }: Pick<CopySettings, 'compress' | 'encrypt'>,
): AsyncGenerator<Uint8Array, void> {
  const compressed = compress === undefined ? source : through(source, compressor(compress));
  if (!encrypt) {
    yield* compressed;
    return;
  }
  const { Encrypter } = await loadAge();
  const encrypter = new Encrypter();
  for (const recipient of encrypt.recipients) addKey(recipient, () => encrypter.addRecipient(recipient));
  yield* inWeb(compressed, (bytes) => encrypter.encrypt(bytes));
}

export interface Encoding {
  readonly compress?: 'gzip' | 'zstd' | undefined;
  /** Public keys that the copy is encrypted to, as far as they are known. `undefined`: it is not encrypted. */
  readonly recipients?: readonly string[] | undefined;
}

/** Turns the bytes of a copy back into those of the backup. `what` names the copy in errors. */
export async function* decode(
  source: Bytes,
  { compress, recipients }: Encoding,
  identities: readonly string[],
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const decrypted = recipients ? decrypt(source, recipients, identities, what) : source;
  yield* compress === undefined ? decrypted : through(decrypted, decompressor(compress));
}

async function* decrypt(
  source: Bytes,
  recipients: readonly string[],
  identities: readonly string[],
  what: string,
): AsyncGenerator<Uint8Array, void> {
  if (identities.length === 0) throw needsIdentity(what, recipients, 'no identity was given');
  const { Decrypter } = await loadAge();
  const decrypter = new Decrypter();
  for (const identity of identities) addKey('the identity', () => decrypter.addIdentity(identity));
  try {
    yield* inWeb(source, (bytes) => decrypter.decrypt(bytes));
  } catch (cause) {
    if (!/no identity matched/.test(messageOf(cause))) throw cause;
    throw needsIdentity(what, recipients, 'none of the given identities is the one of a recipient', cause);
  }
}

function needsIdentity(what: string, recipients: readonly string[], why: string, cause?: unknown): BackupError {
  const keys = recipients.length > 0 ? recipients.join(', ') : 'a key that its manifest does not name';
  return new BackupError('ERR_BACKUP_COPY_ENCRYPTED', `"${what}" is encrypted to ${keys}, and ${why}.`, {
    step: 'pull',
    hint: 'Give the identity ("AGE-SECRET-KEY-1…") that belongs to that public key; age-keygen -y shows which one it is.',
    cause,
  });
}

/** Names a key with a mistake in it. The message of the library may hold the key itself, so it is not passed on. */
function addKey(shown: string, add: () => void): void {
  try {
    add();
  } catch {
    throw new BackupError('ERR_BACKUP_OPTIONS', `age does not take ${JSON.stringify(shown)}.`, {
      step: 'options',
      hint: 'Recipients begin with "age1", identities with "AGE-SECRET-KEY-1"; copy the whole line that age-keygen prints.',
    });
  }
}

function compressor(kind: 'gzip' | 'zstd'): Transform {
  return kind === 'gzip' ? zlib.createGzip() : zstd('createZstdCompress');
}

function decompressor(kind: 'gzip' | 'zstd'): Transform {
  return kind === 'gzip' ? zlib.createGunzip() : zstd('createZstdDecompress');
}

/** Node has it from 22.15 on; the types of Node 20 do not know it. */
function zstd(name: 'createZstdCompress' | 'createZstdDecompress'): Transform {
  const create = (zlib as unknown as Partial<Record<typeof name, () => Transform>>)[name];
  if (create) return create();
  throw new BackupError('ERR_BACKUP_OPTIONS', `This Node (${process.version}) has no zstd.`, {
    step: 'options',
    hint: 'Use Node 22.15 or newer, or the program "zstd -d" on the object.',
  });
}

async function* through(source: Bytes, transform: Transform): AsyncGenerator<Uint8Array, void> {
  // pipeline() listens to both from the first moment on; its error is the one that the loop throws.
  const done = pipeline(source, transform);
  done.catch(() => {});
  for await (const chunk of transform) yield chunk as Uint8Array;
  await done;
}

/** Sends the bytes through a function of web streams. */
async function* inWeb(
  source: Bytes,
  transform: (bytes: WebBytes) => Promise<WebBytes>,
): AsyncGenerator<Uint8Array, void> {
  const web = ReadableStream as unknown as { from(source: Bytes): WebBytes };
  const bytes = source[Symbol.asyncIterator]();
  try {
    yield* (await transform(web.from({ [Symbol.asyncIterator]: () => bytes }))) as unknown as Bytes;
  } finally {
    // Where the function gives up, nobody cancels the stream, and a file would stay open.
    await bytes.return?.();
  }
}
