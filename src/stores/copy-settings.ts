import zlib from 'node:zlib';
import { parseWait, WAIT_IS } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import type { RetentionPolicy } from '../retention/policy.js';
import type { Valibot } from '../util/validate.js';
import type { CopySettings } from './backup-store.js';

/** The entries of a schema that every store's options share. Each message finishes the sentence "It must be …". */
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
export function copySettingEntries(v: Valibot) {
  return {
    host: v.optional(
      v.custom<string | false>(
        (value) => value === false || (typeof value === 'string' && /^(?!\.{1,2}$)[\w.-]{1,200}$/.test(value)),
        'letters, digits, ".", "_" and "-", such as "shop-1", or false for none',
      ),
    ),
    compress: v.optional(
      v.pipe(
        v.picklist(['gzip', 'zstd'], '"gzip" or "zstd"'),
        v.check(
          (value) => value !== 'zstd' || hasZstd(),
          `"gzip": zstd needs Node 22.15, and this is ${process.version}`,
        ),
      ),
    ),
    encrypt: v.optional(
      v.custom<{ recipients: readonly string[] }>(
        isEncryption,
        'an object such as { recipients: ["age1…"] }, with the public keys that age-keygen prints',
      ),
    ),
    retention: v.optional(
      v.custom<RetentionPolicy>((value) => typeof value === 'function', 'a policy such as keep({ last: 20 })'),
    ),
    retryAfter: v.optional(v.custom<Duration>((value) => parseWait(value) !== undefined, WAIT_IS)),
  };
}

/** The settings among a store's options, frozen. */
export function copySettings(options: CopySettings): CopySettings {
  const { host, compress, encrypt, retention, retryAfter } = options;
  return Object.freeze({
    ...(host !== undefined && { host }),
    ...(compress && { compress }),
    ...(encrypt && { encrypt: { recipients: [...encrypt.recipients] } }),
    ...(retention && { retention }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

function hasZstd(): boolean {
  return 'createZstdCompress' in zlib;
}

function isEncryption(value: unknown): boolean {
  const recipients = (value as { recipients?: unknown } | null)?.recipients;
  return (
    Array.isArray(recipients) &&
    recipients.length > 0 &&
    Object.keys(value as object).length === 1 &&
    recipients.every((recipient) => typeof recipient === 'string' && /^age1[a-z0-9]{20,}$/.test(recipient))
  );
}
