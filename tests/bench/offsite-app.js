// What `offsite.ts` measures, in a process of its own: `put` (the store alone) or `ship` (all of it). Prints one JSON line.
const fs = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { BackupService } = require('sqlite-autobackup');
const { s3Store } = require('sqlite-autobackup/s3');

const { what, database, file, key, options } = JSON.parse(process.argv[2]);
const store = s3Store(options);

function memoryMb(pid) {
  const [, kilobytes] = /VmHWM:\s*(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(kilobytes / 1024);
}

let childMb = 0;
const looking = setInterval(() => {
  try {
    for (const pid of fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)) {
      childMb = Math.max(childMb, memoryMb(pid));
    }
  } catch {
    // It has just ended.
  }
}, 50);

async function main() {
  const quiet = { info() {}, warn() {}, error() {} };
  await store.list('warm-up');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const startedAt = performance.now();
  if (what === 'put') await store.put(key, fs.createReadStream(file, { highWaterMark: 1024 * 1024 }));
  else {
    const service = new BackupService({ database, logger: quiet, copies: [store] });
    const [{ errors }] = await service.shipPending();
    if (errors.length > 0) throw errors[0];
  }
  const seconds = (performance.now() - startedAt) / 1000;
  delay.disable();
  clearInterval(looking);
  const stall = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  console.log(JSON.stringify({ seconds, appMb: memoryMb(process.pid), childMb, stall }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
