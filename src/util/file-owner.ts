import fs from 'node:fs';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Names the owner of a file that root makes: that of the first of these paths that exists, the database or else the folder. SQLite
 * does the same for its `-wal` and `-shm`. A backup that an administrator takes must not lock the app out of its own folder.
 *
 * @returns `undefined` if the file is to stay with whoever makes it: only root can give files away
 */
export async function ownerLike(...paths: readonly string[]): Promise<Owner | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  for (const file of paths) {
    const stats = await fs.promises.stat(file).catch(() => undefined);
    if (stats) return ownerIn(stats);
  }
  return undefined;
}

/** {@link ownerLike}, blocking. */
export function ownerLikeSync(...paths: readonly string[]): Owner | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  for (const file of paths) {
    const stats = fs.statSync(file, { throwIfNoEntry: false });
    if (stats) return ownerIn(stats);
  }
  return undefined;
}

function ownerIn({ uid, gid }: fs.Stats): Owner | undefined {
  return uid === 0 ? undefined : { uid, gid };
}
