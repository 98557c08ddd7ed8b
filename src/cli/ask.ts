import readline from 'node:readline/promises';
import { BackupError } from '../util/errors.js';
import type { Context } from './context.js';
import { asLine } from './paint.js';
import { usageError } from './usage-error.js';

/**
 * Shows what will happen and asks. With --yes it goes on at once; without a terminal there is nobody to ask.
 *
 * @throws BackupError `ERR_BACKUP_CANCELLED` for any answer but yes
 */
export async function confirm(context: Context, plan: readonly string[], question: string): Promise<void> {
  const { flags, terminal, signal } = context;
  const asking = !flags.yes && terminal.canAsk;
  // The plan is shown with --quiet too: nobody should answer a question without it.
  for (const line of plan) (asking ? terminal.say : terminal.note)(line);
  if (flags.yes) return;
  if (!terminal.canAsk) {
    throw usageError('This must be confirmed, and there is no terminal to ask on.', 'Add --yes. Nothing was changed.');
  }
  // Raw mode is off: in it, Ctrl-C would be a key and not a signal.
  const lines = readline.createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const end = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([
      lines.question(asLine(`${terminal.err.bold(question)} [y/N] `), { signal }),
      end,
    ]);
    if (/^\s*y(es)?\s*$/i.test(answer)) return;
  } catch (error) {
    if (!signal.aborted) throw error;
    // The cursor stands behind the question.
    process.stderr.write('\n');
  } finally {
    lines.close();
  }
  throw new BackupError('ERR_BACKUP_CANCELLED', 'Cancelled.', { step: 'call', hint: 'Nothing was changed.' });
}
