import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findBackup } from '../find-backup.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';

/** The same for `unprotect`. One that is so already stays so. */
export const protect: CommandFunction<[string, boolean]> = async (context, name, on) => {
  const { service } = await openService(context);
  const backup = await findBackup(service, name);
  // It may have to wait for the lock.
  await withProgress(context, (control) => service.protectBackup(backup.name, on, control));
  return {
    exitCode: EXIT.done,
    document: { name: backup.name, protected: on },
    text: on ? `${backup.name} is protected.` : `${backup.name} is no longer protected.`,
  };
};
