import fs from 'node:fs';
import bytes from 'bytes';

/** What a backup needs beside itself: for the manifest, and for what file systems need for themselves. */
export const SPARE_BYTES = 64 * 1024;

/** Is there too little room in a folder for so many bytes? `'4MB free, 12MB needed'`; `undefined`: there is enough, as far as known. */
export async function lackOfRoom(folder: string, sizeBytes: number): Promise<string | undefined> {
  const disk = await fs.promises.statfs(folder).catch(() => undefined);
  // Some network disks answer zeros: they do not know. A folder that is missing is told by the first write.
  if (!disk || disk.blocks === 0) return undefined;
  const free = disk.bavail * disk.bsize;
  const needed = sizeBytes + SPARE_BYTES;
  return free >= needed ? undefined : `${bytes(free)} free, ${bytes(needed)} needed`;
}
