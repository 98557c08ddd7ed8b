import fs from 'node:fs';
import path from 'node:path';

/**
 * Gives the new file the owner, the group and the mode of the database that it is going to replace; where that is lost, the
 * owner and the group of the folder. Only root can give files away, and others can keep the group if they belong to it: if not,
 * the mode of the group is not kept either, since it was meant for another one.
 */
export async function keepRights(staged: string, database: string): Promise<void> {
  const old = fs.statSync(database, { throwIfNoEntry: false });
  const { uid, gid } = old ?? fs.statSync(path.dirname(database));
  const handle = await fs.promises.open(staged, 'r+');
  try {
    const given = await succeeds(handle.chown(process.geteuid?.() === 0 ? uid : -1, gid));
    // Some disks have no modes.
    if (old) await succeeds(handle.chmod((old.mode & (given ? 0o666 : 0o606)) | 0o600));
  } finally {
    await handle.close();
  }
}

function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
