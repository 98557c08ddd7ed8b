import path from 'node:path';
import { pullBackup } from '../../index.js';
import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { localTime, seconds, size } from '../format.js';
import { withProgress } from '../progress.js';
import { openStore, readIdentities, readMoment } from '../store-option.js';
import type { StoreFlags } from '../store-option.js';

export const pull: CommandFunction<[string, StoreFlags & { to: string }]> = async (context, name, flags) => {
  const from = await openStore(context, flags.from);
  const before = readMoment(flags.before);
  const identities = readIdentities(flags.identity);
  const { database } = context.flags;
  const report = await withProgress(context, ({ signal, onProgress }) =>
    pullBackup({
      from,
      name,
      before,
      identities,
      signal,
      host: flags.host,
      database: database === undefined ? undefined : path.basename(database),
      to: path.resolve(flags.to),
      onProgress: (progress) => onProgress?.({ step: 'pull', ...progress }),
    }),
  );
  for (const { key, problem } of report.ignored)
    context.terminal.warn(`${key} is newer and was passed over: ${problem}.`);
  return {
    exitCode: EXIT.done,
    document: { ...report, host: report.host ?? null, createdAt: report.createdAt.toISOString() },
    lines: [
      `Pulled ${report.name} of ${localTime(report.createdAt)} from ${report.store} to ${report.path} ` +
        `(${size(report.sizeBytes)}, ${seconds(report.durationMs)}; size and sha256 are those of the backup)`,
    ],
  };
};
