import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { openService } from '../open-service.js';
import { usageError } from '../usage-error.js';

export const notify: CommandFunction<[action: 'test']> = async (context) => {
  const warnings: string[] = [];
  const { service } = await openService(context, { onWarning: (message) => warnings.push(message) });
  const receivers = await service.testNotify();
  if (receivers.length === 0) {
    throw usageError('There is nobody to notify.', 'Set "notify" in the configuration file.');
  }
  const lines = receivers.map(({ channel, delivered }) => `${delivered ? 'sent   ' : 'FAILED '} ${channel}`);
  const failed = receivers.some(({ delivered }) => !delivered);
  return {
    exitCode: failed ? EXIT.failed : EXIT.done,
    document: { ok: !failed, receivers, warnings },
    lines: [...lines, ...warnings],
    ...(failed && { trouble: [...lines.filter((line) => line.startsWith('FAILED')), ...warnings] }),
  };
};
