import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import type { BackupErrorCode } from '../../util/errors.js';

type SourceErrorCode = Extract<
  BackupErrorCode,
  | 'ERR_BACKUP_SOURCE_UNREACHABLE'
  | 'ERR_BACKUP_SOURCE_TLS'
  | 'ERR_BACKUP_SOURCE_DENIED'
  | 'ERR_BACKUP_SOURCE_NO_LEADER'
  | 'ERR_BACKUP_SOURCE_FAILED'
>;

const HINTS: Readonly<Record<SourceErrorCode, string>> = {
  ERR_BACKUP_SOURCE_UNREACHABLE:
    'Nothing was changed. Check that the nodes run and that the addresses in "nodes" are those of their HTTP interface.',
  ERR_BACKUP_SOURCE_TLS:
    'Nothing was sent. Check "tls": its ca must be the one that signed the nodes\' certificates, their names must fit, and cert and key belong together.',
  ERR_BACKUP_SOURCE_DENIED:
    'Check "auth": the user needs the permissions status, query and backup, and load for a restore.',
  ERR_BACKUP_SOURCE_NO_LEADER:
    'Without a leader nobody knows the newest state. Bring so many nodes back that more than half of them run.',
  ERR_BACKUP_SOURCE_FAILED: 'Nothing was left under a final name. Look at the log of that node, then try again.',
};

export function sourceError(code: SourceErrorCode, what: string, cause?: unknown): BackupError {
  return new BackupError(code, what, { step: 'pin', hint: HINTS[code], cause });
}

/** What Node said about a connection that failed: the certificate, or the way to the node. */
export function connectionError(host: string, cause: unknown): BackupError {
  const code = isTls(cause) ? 'ERR_BACKUP_SOURCE_TLS' : 'ERR_BACKUP_SOURCE_UNREACHABLE';
  return sourceError(code, `The node at ${host} cannot be asked (${messageOf(cause) || systemCode(cause)}).`, cause);
}

function isTls(error: unknown): boolean {
  return /^(CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(
    systemCode(error),
  );
}

/** The cluster had another leader, or the connection to it broke off: what was read does not count, and is read again. */
export class Interrupted extends Error {
  /** @param code what it is, where it happens again and again */
  constructor(
    message: string,
    override readonly cause?: unknown,
    readonly code: SourceErrorCode = 'ERR_BACKUP_SOURCE_NO_LEADER',
  ) {
    super(message);
  }
}
