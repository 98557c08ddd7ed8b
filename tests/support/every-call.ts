// One operation, one fault at one of its calls of the system, and what is left then.
import fs from 'node:fs';
import path from 'node:path';
import { CHILD, EACCES, EIO, ENOSPC, ESTALE, runWithFault } from './failing-calls';
import type { Fault } from './failing-calls';
import { brokenBackups } from './power-cut/backup-rules';
import { DIST } from './run-node';
import { stateOf } from './states';
import type { State } from './states';
import { backupNames, filesOf } from './whole-backups';

export interface Operation {
  readonly name: string;
  readonly law: number;
  /** A request to the child, or the source of an app with `service`, `shipping` (which has copies) and the package as `lib`; its own calls are meant. */
  readonly does: object | string;
  /** The states that the live database may be in afterwards. */
  readonly live: readonly State[];
  /** The backups that must stand afterwards, whatever happened. */
  readonly stays: readonly string[];
  /** Is it done? An answer says so, and only then it must be. */
  isDone(work: string): boolean;
}

export interface FaultAtCall {
  readonly name: string;
  readonly calls: RegExp;
  readonly fault: Pick<Fault, 'errno' | 'kind'>;
}

export const FAULTS: readonly FaultAtCall[] = [
  { name: 'kill -9', calls: /./, fault: { kind: 'kill' } },
  { name: 'ENOSPC', calls: /^(open|write|truncate|link|rename) /, fault: { errno: ENOSPC } },
  { name: 'EIO', calls: /./, fault: { errno: EIO } },
  { name: 'EACCES', calls: /^(open|link|rename|unlink|chmod|chown) /, fault: { errno: EACCES } },
  { name: 'ESTALE', calls: /./, fault: { errno: ESTALE } },
  { name: 'a failing fsync', calls: /^sync /, fault: { errno: EIO } },
  { name: 'a short write', calls: /^write /, fault: { kind: 'short' } },
];

export interface Ended {
  /** `succeeded`, the code of an error, or `killed`. */
  readonly end: string;
  readonly calls: readonly string[];
}

/** Does it in the folder `work`, with a fault or with none. */
export function perform({ does }: Pick<Operation, 'does'>, work: string, library: string, fault?: Fault): Ended {
  const database = path.join(work, 'app.db');
  const isApp = typeof does === 'string';
  const program = isApp ? ['-e', appSource(does, database)] : CHILD;
  const request = { database, directory: work, timeoutMs: 120_000, ...(isApp ? {} : does) };
  const { killed, error, calls } = runWithFault(program, request, [library, work, fault]);
  return { end: killed ? 'killed' : (error?.code ?? 'succeeded'), calls };
}

/** The children of the app are without the fault: they have operations of their own. */
function appSource(does: string, database: string): string {
  return `
    delete process.env.LD_PRELOAD;
    const lib = require(${JSON.stringify(DIST)});
    const work = ${JSON.stringify(path.dirname(database))};
    const store = lib.directoryStore(work + '/store', { host: 'till' });
    const logger = { info() {}, warn() {}, error() {} };
    const options = { database: ${JSON.stringify(database)}, logger, retention: lib.keep({ last: 1 }) };
    const service = new lib.BackupService(options);
    const shipping = new lib.BackupService({ ...options, copies: [store] });
    (async () => { ${does} })().then(
      () => console.log(JSON.stringify({ result: {} })),
      (error) => console.log(JSON.stringify({ error: { code: error.code ?? String(error) } })),
    );`;
}

/** Some of the calls, evenly over all of them, each as the fault at it. */
export function faultsAt(
  { calls: wanted, fault }: FaultAtCall,
  calls: readonly string[],
  points: number,
  random: () => number,
): Fault[] {
  const fitting = calls.flatMap((line, index) => (wanted.test(line) ? [index] : []));
  const count = Math.min(points, fitting.length);
  return Array.from({ length: count }, (_, part) => {
    const index = fitting[Math.floor(((part + random()) / count) * fitting.length)]!;
    const call = calls[index]!.slice(0, calls[index]!.indexOf(' '));
    const at = calls.slice(0, index + 1).filter((line) => line.startsWith(`${call} `)).length;
    return { ...fault, call, file: '*', at };
  });
}

/** What is wrong in the folder after it. */
export function* wrongAfter({ live, stays, isDone }: Operation, work: string, end: string): Generator<string, void> {
  yield* brokenBackups(work, new Set(hashesOf(work)), { answered: true, model: 'ext4' });
  for (const name of backupNames(work)) {
    const { tag } = stateOf(path.join(work, name));
    if (tag !== 'old' && tag !== 'new') yield `${name} is ${tag}`;
  }
  for (const name of stays) if (!backupNames(work).includes(name)) yield `${name} is gone`;
  const state = JSON.stringify(stateOf(path.join(work, 'app.db')));
  if (!live.some((each) => JSON.stringify(each) === state)) yield `the live database is ${state}`;
  if (end === 'succeeded' && !isDone(work)) yield 'it was answered, and is not done';
  if (end !== 'succeeded' && end !== 'killed' && !/^ERR_BACKUP_/.test(end)) yield `the error is ${end}`;
}

/** The hashes that the manifests tell: whether the files have them is what is asked. */
function hashesOf(work: string): string[] {
  return filesOf(work)
    .filter((name) => /^app_backup_.*\.json$/.test(name))
    .map((name) => (JSON.parse(fs.readFileSync(path.join(work, name), 'utf8')) as { sha256: string }).sha256);
}
