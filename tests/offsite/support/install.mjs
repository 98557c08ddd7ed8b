// Brings the Debian packages that the off-site tests need, if they are not there: a real S3 gateway, and the programs that
// must open what we store. Without root or apt it says what is missing.
import { spawnSync } from 'node:child_process';

const PROGRAMS = {
  'ceph-mon': 'ceph-mon',
  'ceph-osd': 'ceph-osd',
  ceph: 'ceph-common',
  radosgw: 'radosgw',
  'radosgw-admin': 'radosgw',
  age: 'age',
  'age-keygen': 'age',
  gzip: 'gzip',
  zstd: 'zstd',
  s3cmd: 's3cmd',
  rclone: 'rclone',
};

const isThere = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const missing = [...new Set(Object.entries(PROGRAMS).flatMap(([program, name]) => (isThere(program) ? [] : [name])))];
if (missing.length > 0) {
  console.log(`apt-get install ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  apt('update');
  if (!apt('install', '-y', '--no-install-recommends', ...missing)) {
    console.error(`The off-site tests need the Debian packages ${missing.join(', ')}; as root, apt-get installs them.`);
    process.exitCode = 1;
  }
}
