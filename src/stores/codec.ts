import { Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { BackupError, messageOf } from '../util/errors.js';
import type { CopySettings } from './backup-store.js';

type Bytes = ReadableStream<Uint8Array>;

/** What is used of `age-encryption`. Its own types need those of browsers, which a server's program does not have. */
interface Age {
  readonly Encrypter: new () => { addRecipient(recipient: string): void; encrypt(file: Bytes): Promise<Bytes> };
  readonly Decrypter: new () => { addIdentity(identity: string): void; decrypt(file: Bytes): Promise<Bytes> };
}

/** An ES module, so import(); and loaded only where something is encrypted. */
async function loadAge(): Promise<Age> {
  // Not a literal, so that the compiler leaves its types alone.
  const name: string = 'age-encryption';
  return (await import(name)) as Age;
}

/** How the bytes of a backup become those of its copy: compressed, then encrypted. Memory does not grow with them. */
export async function encode(
  source: Readable,
  { compress, encrypt }: Pick<CopySettings, 'compress' | 'encrypt'>,
): Promise<Readable> {
  const compressed = compress === undefined ? source : through(source, compressor(compress));
  if (!encrypt) return compressed;
  const { Encrypter } = await loadAge();
  const encrypter = new Encrypter();
  for (const recipient of encrypt.recipients) addKey(recipient, () => encrypter.addRecipient(recipient));
  return fromWeb(await encrypter.encrypt(toWeb(compressed)));
}

export interface Encoding {
  readonly compress?: 'gzip' | 'zstd' | undefined;
  /** Public keys that the copy is encrypted to, as far as they are known. `undefined`: it is not encrypted. */
  readonly recipients?: readonly string[] | undefined;
}

/** The reverse. `what` is the copy, for errors. */
export async function decode(
  source: Readable,
  { compress, recipients }: Encoding,
  identities: readonly string[],
  what: string,
): Promise<Readable> {
  const decrypted = recipients ? await decrypt(source, recipients, identities, what) : source;
  return compress === undefined ? decrypted : through(decrypted, decompressor(compress));
}

async function decrypt(
  source: Readable,
  recipients: readonly string[],
  identities: readonly string[],
  what: string,
): Promise<Readable> {
  if (identities.length === 0) throw needsIdentity(what, recipients, 'no identity was given');
  const { Decrypter } = await loadAge();
  const decrypter = new Decrypter();
  for (const identity of identities) addKey('the identity', () => decrypter.addIdentity(identity));
  try {
    return fromWeb(await decrypter.decrypt(toWeb(source)));
  } catch (cause) {
    source.destroy();
    if (/no identity matched/.test(messageOf(cause))) {
      throw needsIdentity(what, recipients, 'none of the given identities is the one of a recipient', cause);
    }
    throw cause;
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

/** A key with a mistake in it. The message of the library may hold the key itself, so it is not passed on. */
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

/** `pipe()` passes no errors on; here the last stream of the chain has them all. */
function through(source: Readable, transform: Transform): Transform {
  source.once('error', (error) => transform.destroy(error));
  transform.once('close', () => source.destroy());
  source.pipe(transform);
  return transform;
}

function toWeb(stream: Readable): Bytes {
  return Readable.toWeb(stream) as Bytes;
}

function fromWeb(stream: Bytes): Readable {
  return Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
}
