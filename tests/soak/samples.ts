import fs from 'node:fs';
import path from 'node:path';

/** What must stay flat, of this process and of the shop's first worker, at rest. */
export interface Sample {
  /** MB, after a collection of garbage. */
  memory: number;
  descriptors: number;
  timers: number;
  /** MB; nobody collects its garbage. */
  memoryOfWorker: number;
  descriptorsOfWorker: number;
  /** Running children of this process that are no workers of the shop. */
  children: number;
  /** Files in the temporary folder and, under the name of something begun, beside the backups. */
  temporaryFiles: number;
}

export function sample(
  worker: number,
  expected: readonly number[],
  temporary: string,
  folders: readonly string[],
): Sample {
  global.gc?.();
  const begun = folders.flatMap((folder) => fs.readdirSync(folder).filter((name) => name.includes('.partial')));
  return {
    memory: Math.round(process.memoryUsage.rss() / 1e6),
    descriptors: fs.readdirSync('/proc/self/fd').length,
    memoryOfWorker: Math.round((Number(fs.readFileSync(`/proc/${worker}/statm`, 'utf8').split(' ')[1]) * 4096) / 1e6),
    descriptorsOfWorker: fs.readdirSync(`/proc/${worker}/fd`).length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    children: childrenOfThis().filter((pid) => !expected.includes(pid)).length,
    temporaryFiles: begun.length + countFiles(temporary),
  };
}

export function childrenOfThis(): number[] {
  const threads = fs.readdirSync('/proc/self/task');
  return threads.flatMap((thread) =>
    fs.readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

function countFiles(folder: string): number {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .reduce((sum, entry) => sum + (entry.isDirectory() ? countFiles(path.join(folder, entry.name)) : 1), 0);
}

/** The names of what has grown from the first third of the samples to the last; a process that has just started grows. */
export function grown(samples: readonly Sample[]): string[] {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const least = (some: readonly Sample[], key: keyof Sample) => Math.min(...some.map((one) => one[key]));
  const room: Sample = {
    memory: 100,
    descriptors: 4,
    memoryOfWorker: 120,
    descriptorsOfWorker: 4,
    timers: 2,
    children: 0,
    temporaryFiles: 0,
  };
  return (Object.keys(room) as (keyof Sample)[]).filter(
    (key) => least(samples.slice(-third), key) > least(samples.slice(0, third), key) + room[key],
  );
}
