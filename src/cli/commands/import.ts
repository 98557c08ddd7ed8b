import { backupJson } from '../as-json.js';
import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { ImportFlags } from '../flags.js';
import { localTime, size } from '../format.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import { readMoment } from '../store-option.js';

export const importFile: CommandFunction<[string, ImportFlags]> = async (context, file, { taken, label }) => {
  const takenAt = readMoment(taken, '--taken');
  const { service } = await openService(context);
  const { backup, alreadyThere, durationMs } = await withProgress(context, (control) =>
    service.importBackup(file, { takenAt, label, ...control }),
  );
  const { name, createdAt, sizeBytes } = backup;
  return {
    exitCode: alreadyThere ? EXIT.nothingToDo : EXIT.done,
    document: { backup: backupJson(backup, Date.now()), alreadyThere, durationMs },
    lines: [
      alreadyThere
        ? `It is here already: ${name}`
        : `Imported ${name} of ${localTime(createdAt)} (${size(sizeBytes)}, checked in full, protected). ` +
          'It does not count as fresh: the next backup is made all the same.',
    ],
  };
};
