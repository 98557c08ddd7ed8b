import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../support/free-ports';

// A whole Ceph with an S3 gateway on loopback, in memory: one monitor, one OSD (memstore), one gateway. docs/facts.md, 11: this is
// what started every time. Everything, sockets and logs included, lies in one temporary folder.

/** Plain data: it goes to the tests through the environment. */
export interface CephInfo {
  readonly folder: string;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Gateway {
  readonly endpoint: string;
  /** kill -9; connections break off. */
  kill(): Promise<void>;
  /** Again, on the same port. */
  restart(): Promise<void>;
}

const run = promisify(execFile);
/** A busy machine takes its time; this only bounds what hangs. */
const READY_MS = 300_000;

export async function startCeph(): Promise<{ info: CephInfo; stop(): Promise<void> }> {
  // Short: the path of a socket has 107 characters at most.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ceph-'));
  const started: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.reverse().map(end));
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    const monitor = `[v1:127.0.0.1:${await freePort()}]`;
    const fsid = crypto.randomUUID();
    const osd = crypto.randomUUID();
    for (const each of ['mon', 'osd', 'run', 'log', 'crash', 'rgw']) fs.mkdirSync(path.join(folder, each));
    fs.writeFileSync(conf(folder), configuration(folder, fsid, monitor.slice(1, -1)));
    await tool(
      folder,
      'monmaptool',
      ['--create', '--fsid', fsid, '--addv', 'a', monitor, path.join(folder, 'monmap')],
      false,
    );
    await tool(folder, 'ceph-mon', ['--mkfs', '-i', 'a', '--monmap', path.join(folder, 'monmap')]);
    started.push(daemon(folder, 'ceph-mon', ['-i', 'a']));
    await tool(folder, 'ceph', ['osd', 'new', osd]);
    await tool(folder, 'ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', osd]);
    started.push(...(await startOsd(folder)));
    const accessKeyId = 'TESTKEY';
    const secretAccessKey = crypto.randomBytes(20).toString('hex');
    await tool(folder, 'radosgw-admin', [
      'user',
      'create',
      '--uid=test',
      '--display-name=test',
      '--max-buckets=0',
      `--access-key=${accessKeyId}`,
      `--secret-key=${secretAccessKey}`,
    ]);
    const port = await freePort();
    started.push(gatewayProcess(folder, port));
    await answers(port);
    return { info: { folder, endpoint: `http://127.0.0.1:${port}`, accessKeyId, secretAccessKey }, stop };
  } catch (error) {
    const logs = fs.existsSync(path.join(folder, 'log')) ? lastLines(path.join(folder, 'log')) : '';
    await stop();
    throw new Error(`Ceph did not start: ${String(error)}\n${logs}`, { cause: error });
  }
}

/** It ends by itself if it asks the monitor for something before it knows the cluster, which a busy machine brings about. */
async function startOsd(folder: string): Promise<ChildProcess[]> {
  const tries: ChildProcess[] = [];
  for (const deadline = Date.now() + READY_MS; ;) {
    const last = tries.at(-1);
    if (!last || last.exitCode !== null) tries.push(daemon(folder, 'ceph-osd', ['-i', '0']));
    const { num_up_osds: up } = JSON.parse(await tool(folder, 'ceph', ['osd', 'stat', '-f', 'json'])) as Record<
      string,
      number
    >;
    if (up === 1) return tries;
    if (Date.now() > deadline) throw new Error(`the OSD is not up; it was started ${tries.length} times`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A second gateway to the same storage: for tests that kill it. */
export async function startGateway({ folder }: CephInfo): Promise<Gateway> {
  const port = await freePort();
  let child = gatewayProcess(folder, port);
  await answers(port);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    kill: () => end(child),
    async restart() {
      child = gatewayProcess(folder, port);
      await answers(port);
    },
  };
}

/** `radosgw-admin …` */
export async function admin({ folder }: CephInfo, ...args: string[]): Promise<string> {
  return tool(folder, 'radosgw-admin', args);
}

function gatewayProcess(folder: string, port: number): ChildProcess {
  return daemon(folder, 'radosgw', ['-n', `client.rgw.p${port}`, `--rgw_frontends=beast endpoint=127.0.0.1:${port}`]);
}

const conf = (folder: string): string => path.join(folder, 'ceph.conf');

function daemon(folder: string, program: string, args: string[]): ChildProcess {
  const log = fs.openSync(path.join(folder, 'log', `${program}.out`), 'a');
  const child = spawn(program, ['-c', conf(folder), ...args, '-f'], { stdio: ['ignore', log, log], cwd: folder });
  fs.closeSync(log);
  child.unref();
  return child;
}

async function tool(folder: string, program: string, args: string[], configured = true): Promise<string> {
  const { stdout } = await run(program, configured ? ['-c', conf(folder), ...args] : args, {
    timeout: READY_MS,
    killSignal: 'SIGKILL',
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  child.kill('SIGKILL');
  await gone;
}

async function answers(port: number): Promise<void> {
  for (const deadline = Date.now() + READY_MS; ;) {
    try {
      await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(30_000) });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function lastLines(folder: string): string {
  return fs
    .readdirSync(folder)
    .map((name) => `${name}:\n${fs.readFileSync(path.join(folder, name), 'utf8').slice(-1_500)}`)
    .join('\n');
}

function configuration(folder: string, fsid: string, monitor: string): string {
  return `[global]
fsid = ${fsid}
mon host = ${monitor}
monmap = ${folder}/monmap
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
mon allow pool size one = true
mon max pg per osd = 2000
osd pool default size = 1
osd pool default min size = 1
osd pool default pg autoscale mode = off
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 6442450944
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw bucket quota ttl = 0
rgw user quota bucket sync interval = 1
rgw user quota sync interval = 1
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/log/$name.log
mon cluster log file = ${folder}/log/cluster.log
mon data = ${folder}/mon
osd data = ${folder}/osd
crash dir = ${folder}/crash
rgw data = ${folder}/rgw
keyring = ${folder}/keyring
`;
}
