import { backupNaming } from '../../catalog/backup-name.js';
import { parseTimeout, TIMEOUT_IS } from '../../util/duration.js';
import type { Duration } from '../../util/duration.js';
import type { Valibot } from '../../util/validate.js';

/** Which cluster, and how to speak to it. */
export interface RqliteOptions {
  /**
   * Addresses of the HTTP interface of its nodes: `['http://10.0.0.1:4001', 'http://10.0.0.2:4001']`. Any of them leads to the
   * leader; list all of them, so that one may be down. With `auth`, the credentials are sent to these and to the leader that
   * they name.
   */
  nodes: readonly string[];
  /** The file name that backups have their names from: `'shop.db'`. */
  name: string;
  /** A user of rqlite with the permissions `status`, `query` and `backup`, and `load` for a restore. */
  auth?: { username: string; password: string };
  /** For `https:` nodes. Each is PEM text. Default: the certificate authorities that Node trusts. */
  tls?: {
    /** The certificate authority that signed the nodes' certificates. */
    ca?: string;
    /** The client's own certificate and key, where the nodes ask for one (`-http-verify-client`). */
    cert?: string;
    key?: string;
    /** The name in the nodes' certificates, where it is not that of their addresses. */
    servername?: string;
  };
  /** How long a node may keep silent, at any moment of an answer, before the next one is asked. Default `'10s'`. */
  timeout?: Duration;
  /**
   * How long a leader is waited for: an election takes a few seconds, and a cluster without a quorum has none.
   *
   * @default '30s'
   */
  leaderTimeout?: Duration;
}

// Each message finishes the sentence "It must be …".
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
export function schemaOf(v: Valibot) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const duration = (usual: Duration) =>
    v.optional(
      v.pipe(
        v.custom<Duration>((value) => parseTimeout(value) !== undefined, TIMEOUT_IS),
        v.transform((value) => parseTimeout(value)!),
      ),
      usual,
    );
  // A path, or a text with its line breaks lost, would otherwise show as a node that cannot be reached.
  const pem = v.optional(
    v.custom<string>(
      (value) => typeof value === 'string' && /-----BEGIN [A-Z0-9 ]+-----\r?\n/.test(value),
      'PEM text, with its line breaks: what the file holds, not its path',
    ),
  );
  return v.strictObject({
    nodes: v.pipe(
      v.custom<readonly string[]>(
        (value) => Array.isArray(value) && value.length > 0 && value.every(isNode),
        'a list of addresses such as "http://10.0.0.1:4001", all http: or all https:, without user names, paths or queries',
      ),
      v.transform((nodes) => nodes.map((node) => new URL(node).origin)),
    ),
    name: v.custom<string>(isFileName, 'a file name such as "shop.db"'),
    auth: v.optional(
      v.strictObject(
        { username: v.pipe(v.string(), v.nonEmpty(), v.excludes(':')), password: v.string() },
        'an object with username (without ":") and password',
      ),
    ),
    tls: v.optional(
      v.strictObject(
        { ca: pem, cert: pem, key: pem, servername: v.optional(v.pipe(v.string(), v.nonEmpty())) },
        'an object with ca, cert, key or servername, each a text',
      ),
      {},
    ),
    timeout: duration('10s'),
    leaderTimeout: duration('30s'),
  });
}

function isNode(value: unknown, _index: number, all: readonly unknown[]): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, pathname, search, hash, username, password } = new URL(value);
  const sameAsFirst = typeof all[0] === 'string' && all[0].startsWith(protocol);
  return /^https?:$/.test(protocol) && sameAsFirst && pathname === '/' && search + hash + username + password === '';
}

function isFileName(value: unknown): value is string {
  if (typeof value !== 'string' || !/^(?!\.{1,2}$)[^/\\\p{Cc}]*[^/\\\p{Cc}\s]$/u.test(value)) return false;
  return backupNaming(value).extension.toLowerCase() !== '.json';
}
