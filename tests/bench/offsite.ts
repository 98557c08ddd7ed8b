// Shipping 1 GB to a Ceph gateway on this machine, against rclone and s3cmd on the same gateway, in turn:
// npm run bench:offsite. What is compared is compared within one run.
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { CreateBucketCommand, DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { BackupService } from 'sqlite-autobackup';
import { startCeph } from '../offsite/support/ceph';

const MEGABYTES = Number(process.env['MEGABYTES'] ?? 1_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-offsite-'));

interface Measured {
  seconds: number;
  appMb?: number;
  childMb?: number;
  stall?: { p99: number; max: number };
}

async function main(): Promise<void> {
  const { info, stop } = await startCeph();
  try {
    const database = path.join(folder, 'app.db');
    const db = new Database(database);
    db.exec('CREATE TABLE ballast (bytes BLOB)');
    const insert = db.prepare('INSERT INTO ballast VALUES (randomblob(1000000))');
    for (let i = 0; i < MEGABYTES; i++) insert.run();
    db.close();
    const quiet = { info() {}, warn() {}, error() {} };
    const backup = await new BackupService({ database, logger: quiet }).createBackup();

    const { endpoint, accessKeyId, secretAccessKey } = info;
    const bucket = `bench${crypto.randomBytes(4).toString('hex')}`;
    const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: info });
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    const emptyBucket = async () => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
      for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      for (const name of fs.readdirSync(folder)) if (name.includes('.copies-')) fs.rmSync(path.join(folder, name));
    };
    const credentials = { accessKeyId, secretAccessKey };
    const options = { bucket, endpoint, credentials, host: 'bench' };
    const ours = (what: 'put' | 'ship', more = {}): Measured => {
      const work = { what, database, file: backup.path, key: 'bench/put.db', options: { ...options, ...more } };
      const args = [path.join(__dirname, 'offsite-app.js'), JSON.stringify(work)];
      return JSON.parse(
        execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      ) as Measured;
    };
    const { AWS_CA_BUNDLE: _, ...env } = process.env;
    const timed = (command: string): Measured => {
      const startedAt = performance.now();
      execFileSync('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'ignore'], env, cwd: folder });
      return { seconds: (performance.now() - startedAt) / 1000 };
    };
    const remote = `':s3:${bucket}/bench/rclone.db' --config none --s3-provider Ceph --s3-endpoint ${endpoint} --s3-access-key-id ${accessKeyId} --s3-secret-access-key ${secretAccessKey}`;
    const host = new URL(endpoint).host;
    const s3cmd = `s3cmd --config=/dev/null --access_key=${accessKeyId} --secret_key=${secretAccessKey} --host=${host} --host-bucket=${host} --no-ssl --quiet`;
    const contenders: Record<string, () => Measured> = {
      'ours, put alone': () => ours('put'),
      'rclone copyto': () => timed(`rclone copyto ${backup.path} ${remote}`),
      's3cmd put': () => timed(`${s3cmd} put ${backup.path} s3://${bucket}/bench/s3cmd.db`),
      'ours, all of it (lock, hash, put, read back, manifest)': () => ours('ship'),
      'rclone copyto, then rclone cat | sha256sum': () =>
        timed(`sha256sum ${backup.path} && rclone copyto ${backup.path} ${remote} && rclone cat ${remote} | sha256sum`),
      's3cmd put, then s3cmd get - | sha256sum': () =>
        timed(
          `sha256sum ${backup.path} && ${s3cmd} put ${backup.path} s3://${bucket}/bench/s3cmd.db && ${s3cmd} get s3://${bucket}/bench/s3cmd.db - | sha256sum`,
        ),
    };
    // The first gigabyte finds the gateway cold.
    ours('put');
    await emptyBucket();
    const results = new Map<string, Measured[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, measure] of Object.entries(contenders)) {
        results.set(name, [...(results.get(name) ?? []), measure()]);
        await emptyBucket();
      }
    }
    const seconds = (name: string) => median(results.get(name)!.map((each) => each.seconds));
    console.log(`${(backup.sizeBytes / 1e9).toFixed(2)} GB, ${ROUNDS} rounds, medians`);
    for (const [name, all] of results) {
      const [mostMb, childMb] = [
        Math.max(...all.map((m) => m.appMb ?? 0)),
        Math.max(...all.map((m) => m.childMb ?? 0)),
      ];
      const stalls = all.flatMap(({ stall }) => (stall ? [stall] : []));
      console.log(
        `${name}: ${seconds(name).toFixed(2)} s, ${(backup.sizeBytes / 1e6 / seconds(name)).toFixed(0)} MB/s` +
          (mostMb > 0 ? `; memory: app ${mostMb} MB, child ${childMb} MB` : '') +
          (stalls.length > 0
            ? `; event loop: p99 ${median(stalls.map((s) => s.p99)).toFixed(0)} ms, worst ${Math.max(...stalls.map((s) => s.max)).toFixed(0)} ms`
            : ''),
      );
    }
    const [put, rclone, s3cmdPut, all, rcloneAll, s3cmdAll] = Object.keys(contenders).map(seconds);
    console.log(
      `throughput of put: ${(rclone! / put!).toFixed(2)} times rclone's, ${(s3cmdPut! / put!).toFixed(2)} times s3cmd's`,
    );
    console.log(
      `of all of it: ${(rcloneAll! / all!).toFixed(2)} times rclone's, ${(s3cmdAll! / all!).toFixed(2)} times s3cmd's`,
    );
  } finally {
    await stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

void main();
