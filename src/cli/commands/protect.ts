import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findBackup } from '../find-backup.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';

/** Also `unprotect`. Idempotent. */
export const protect: CommandFunction<[string, boolean]> = async (context, name, on) => {
  const { service } = await openService(context);
  const backup = await findBackup(service, name);
  await withProgress(context, (control) => service.protectBackup(backup.name, on, control));
  return {
    exitCode: EXIT.done,
    document: { name: backup.name, protected: on },
    lines: [`${backup.name} is ${on ? '' : 'no longer '}protected.`],
  };
};
