import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findBackup } from '../find-backup.js';
import { openService } from '../open-service.js';

/** The same for `unprotect`. One that is so already stays so. */
export const protect: CommandFunction<[string, boolean]> = async (context, name, on) => {
  const { service } = await openService(context);
  const backup = await findBackup(service, name);
  await service.protectBackup(backup.name, on);
  return {
    exitCode: EXIT.done,
    document: { name: backup.name, protected: on },
    text: on ? `${backup.name} is protected.` : `${backup.name} is no longer protected.`,
  };
};
