import crypto from 'node:crypto';
import type http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBackupError, messageOf } from '../../util/errors.js';
import type { BackupError } from '../../util/errors.js';
import { connectionError, Interrupted, sourceError } from './errors.js';
import { ask, textOf } from './http.js';
import type { Connection, Question } from './http.js';

/** The node that leads, as a quorum has just confirmed. */
export interface Leader {
  readonly node: string;
  readonly schemaDigest: string;
}

/** Of a node's own word about itself. */
export interface NodeStatus {
  readonly isLeader: boolean;
  readonly term: number;
  /** Of the last entry in its log. */
  readonly lastLogIndex: number;
  /** Of the last entry that has changed the database. */
  readonly appliedIndex: number;
  /** Up to which entry its database file is whole without the WAL. */
  readonly snapshotIndex: number;
  readonly sizeBytes: number;
  readonly pageSize: number;
  readonly pageCount: number;
}

const SCHEMA = 'SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid';
const BETWEEN_TRIES_MS = 200;
const MAX_HOPS = 4;

/** The nodes of one cluster, and the way to the one that leads. */
export class Cluster {
  readonly #nodes: readonly string[];
  readonly #connection: Connection;
  readonly #leaderMs: number;
  /** Whom a node has named as the leader. */
  #named: string | undefined;

  constructor(nodes: readonly string[], connection: Connection, leaderMs: number) {
    this.#nodes = nodes;
    this.#connection = connection;
    this.#leaderMs = leaderMs;
  }

  /**
   * Finds the leader by a read that goes through the log (`level=strong`): a quorum confirms it, and all that was acknowledged
   * before is applied. An election is waited for.
   *
   * A load balancer may pass each request on to another node. So whom a redirect has named is asked before the listed addresses.
   *
   * @throws BackupError `ERR_BACKUP_SOURCE_NO_LEADER`, `…_UNREACHABLE`, `…_TLS`, `…_DENIED`
   */
  async findLeader(remainingMs: number): Promise<Leader> {
    const until = performance.now() + Math.min(this.#leaderMs, remainingMs);
    for (;;) {
      const errors: BackupError[] = [];
      const named = this.#named === undefined ? [] : [this.#named];
      this.#named = undefined;
      for (const node of [...named, ...this.#nodes]) {
        try {
          return await this.#follow(node);
        } catch (error) {
          if (!isBackupError(error) || error.code === 'ERR_BACKUP_SOURCE_DENIED') throw error;
          errors.push(error);
        }
      }
      // A wrong certificate does not mend itself; an election ends.
      const isHopeless = errors.every(({ code }) => code === 'ERR_BACKUP_SOURCE_TLS');
      if (isHopeless || performance.now() > until) throw this.#summary(errors);
      await sleep(BETWEEN_TRIES_MS);
    }
  }

  /** @throws Interrupted if the node does not lead any more */
  async confirm({ node }: Leader): Promise<Leader> {
    try {
      const answer = await this.ask(node, strongRead());
      const text = await readText(node, answer);
      if (answer.statusCode === 200) return leaderFrom(node, text);
    } catch (error) {
      if (isBackupError(error, 'ERR_BACKUP_SOURCE_DENIED')) throw error;
      throw new Interrupted('the leader is gone', error);
    }
    throw new Interrupted('the leader has changed');
  }

  async status({ node }: Pick<Leader, 'node'>): Promise<NodeStatus> {
    const answer = await this.ask(node, { method: 'GET', path: '/status?key=store' });
    const text = await readText(node, answer);
    if (answer.statusCode !== 200) throw refused(node, answer.statusCode, text);
    return parseStatus(node, text);
  }

  /** @throws BackupError where the node cannot be reached, or refuses the user */
  async ask(node: string, question: Question): Promise<http.IncomingMessage> {
    let answer: http.IncomingMessage;
    try {
      answer = await ask(node, question, this.#connection);
    } catch (error) {
      throw connectionError(hostOf(node), error);
    }
    if (answer.statusCode === 401 || answer.statusCode === 403) {
      answer.destroy();
      throw refused(node, answer.statusCode, '');
    }
    if (answer.statusCode === 301) this.#named = this.#redirected(node, answer.headers.location ?? '');
    return answer;
  }

  async #follow(first: string): Promise<Leader> {
    let node = first;
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const answer = await this.ask(node, strongRead());
      const text = await readText(node, answer);
      if (answer.statusCode === 200) return leaderFrom(node, text);
      if (answer.statusCode !== 301) throw refused(node, answer.statusCode, text);
      node = this.#named!;
    }
    throw sourceError('ERR_BACKUP_SOURCE_NO_LEADER', 'The nodes name one another as the leader.');
  }

  /** Credentials go nowhere by a redirect that leaves TLS. */
  #redirected(from: string, location: string): string {
    if (location === '' || !URL.canParse(location, from)) throw refused(from, 301, 'it names no leader');
    const { origin, protocol } = new URL(location, from);
    const scheme = new URL(from).protocol;
    if (protocol === scheme) return origin;
    throw sourceError('ERR_BACKUP_SOURCE_TLS', `The node at ${hostOf(from)} leads from ${scheme} to "${origin}".`);
  }

  /** What all the nodes together say: no leader is worse than a node that is down. */
  #summary(errors: readonly BackupError[]): BackupError {
    const order = ['ERR_BACKUP_SOURCE_TLS', 'ERR_BACKUP_SOURCE_NO_LEADER', 'ERR_BACKUP_SOURCE_FAILED'];
    const told = order.map((code) => errors.find((error) => error.code === code)).find((error) => error);
    if (told) return told;
    const hosts = this.#nodes.map(hostOf).join(', ');
    const last = errors.at(-1);
    const what = `No node can be reached (${hosts}): ${last?.cause === undefined ? '' : messageOf(last.cause)}.`;
    return sourceError('ERR_BACKUP_SOURCE_UNREACHABLE', what, last?.cause);
  }
}

export function hostOf(node: string): string {
  return new URL(node).host;
}

/** @throws BackupError where the answer breaks off */
export async function readText(node: string, answer: http.IncomingMessage): Promise<string> {
  try {
    return await textOf(answer);
  } catch (error) {
    throw connectionError(hostOf(node), error);
  }
}

/** An answer that is neither the wanted one nor a redirect. */
export function refused(node: string, status: number | undefined, text: string): BackupError {
  const said = text.trim().slice(0, 200);
  const host = hostOf(node);
  if (status === 401 || status === 403 || /unauthorized/i.test(said)) {
    return sourceError('ERR_BACKUP_SOURCE_DENIED', `The node at ${host} refuses this user (${status}).`);
  }
  if (status === 503 || /leader (not found|lost|unavailable)|leadership|not leader|no leader|not ready/i.test(said)) {
    return sourceError('ERR_BACKUP_SOURCE_NO_LEADER', `The cluster has no leader, says the node at ${host} (${said}).`);
  }
  return sourceError('ERR_BACKUP_SOURCE_FAILED', `The node at ${host} answered ${status}${said && `: ${said}`}.`);
}

function strongRead(): Question {
  return { method: 'POST', path: '/db/query?level=strong&redirect', json: [SCHEMA] };
}

interface QueryAnswer {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly values?: readonly unknown[] }[];
}

function leaderFrom(node: string, text: string): Leader {
  const answer = parse(node, text) as QueryAnswer;
  const error = answer.error ?? answer.results?.[0]?.error;
  if (error !== undefined) throw refused(node, 200, error);
  const schema = crypto.createHash('sha256');
  for (const row of answer.results?.[0]?.values ?? []) schema.update(JSON.stringify(row));
  return { node, schemaDigest: schema.digest('hex') };
}

interface StatusAnswer {
  readonly db_applied_index: number;
  readonly raft: {
    readonly state: string;
    readonly term: number;
    readonly last_log_index: number;
    readonly last_snapshot_index: number;
  };
  readonly sqlite3: { readonly mem_stats: { readonly page_count: number; readonly page_size: number } };
}

function parseStatus(node: string, text: string): NodeStatus {
  const { db_applied_index: appliedIndex, raft, sqlite3 } = parse(node, text) as Partial<StatusAnswer>;
  const { page_count: pageCount, page_size: pageSize } = sqlite3?.mem_stats ?? {};
  const numbers = [appliedIndex, raft?.term, raft?.last_log_index, raft?.last_snapshot_index, pageCount, pageSize];
  if (!numbers.every((value) => Number.isSafeInteger(value)))
    throw refused(node, 200, 'its status is not that of rqlite 8');
  return {
    isLeader: raft!.state === 'Leader',
    term: raft!.term,
    lastLogIndex: raft!.last_log_index,
    appliedIndex: appliedIndex!,
    snapshotIndex: raft!.last_snapshot_index,
    sizeBytes: pageCount! * pageSize!,
    pageSize: pageSize!,
    pageCount: pageCount!,
  };
}

function parse(node: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refused(node, 200, `it is not JSON: ${text.slice(0, 100)}`);
  }
}
