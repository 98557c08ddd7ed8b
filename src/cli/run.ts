import type { CommanderError } from 'commander';
import { onBehalfOf } from '../util/actor.js';
import { isBackupError, messageOf, systemCode } from '../util/errors.js';
import { withoutSecrets } from '../util/show.js';
import type { Result } from './context.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { buildProgram } from './program.js';
import { listenToSignals } from './signals.js';
import { takeStreams } from './terminal.js';
import type { Streams, Terminal } from './terminal.js';
import { usageError } from './usage-error.js';

/** Parses, runs the command, prints its result or its error, and ends the process. */
export async function runCli(args: readonly string[]): Promise<void> {
  // The parser's own errors must be printed as asked too, so these two are looked for here as well.
  const json = has(args, /^--json$/);
  const streams = takeStreams({ quiet: has(args, /^--quiet$|^-[yVh]*q/) });
  const signals = listenToSignals();
  let exitCode: number;
  // If a promise of the user's configuration never settles, Node would end with 0 and say nothing.
  process.once('beforeExit', () => {
    const error = usageError(
      'The promise that the configuration exports never settled.',
      'Look for an await in it that never ends.',
    );
    printError(error, streams, json);
    void streams.flushed().then(() => process.exit(exitCodeOf(error)));
  });
  try {
    const result = await perform(args, streams, signals.signal);
    exitCode = result?.exitCode ?? EXIT.done;
    if (result) {
      printResult(result, streams, json);
      printTrouble(result, streams);
    }
  } catch (error) {
    exitCode = exitCodeOf(error);
    if (exitCode === EXIT.cancelled) exitCode = signals.exitCode ?? exitCode;
    printError(error, streams, json);
  }
  await streams.flushed();
  // The user's configuration may hold timers or connections, which would keep this process.
  process.exit(exitCode);
}

/** `undefined`: help or the version was printed. */
async function perform(args: readonly string[], streams: Streams, signal: AbortSignal): Promise<Result | undefined> {
  let result: Result | undefined;
  const program = buildProgram(streams, async (flags, command) => {
    result = await onBehalfOf({ via: 'cli' }, () => command({ flags, signal, terminal: streams.terminal }));
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!isParserError(error)) throw error;
    if (error.exitCode !== 0) throw explainParserError(error, args);
  }
  return result;
}

function has(args: readonly string[], option: RegExp): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => option.test(arg));
}

function printResult({ document, lines = [], data }: Result, streams: Streams, json: boolean): void {
  const { writeLines, writeOut, writeData, terminal } = streams;
  if (json) writeOut(`${JSON.stringify(document, null, 2)}\n`);
  else if (terminal.quiet) return;
  else if (data === undefined) writeLines(lines);
  else writeData(`${data}\n`);
}

/** With --quiet, cron sends a mail for what is printed: an end that somebody has to know of is never silent. */
function printTrouble({ exitCode, lines = [], ...result }: Result, { terminal }: Streams): void {
  // Nothing to do is no trouble, but UNKNOWN of Nagios, which has the same number, is.
  const trouble = result.trouble ?? (exitCode === EXIT.nothingToDo ? [] : lines.slice(0, 1));
  if (!terminal.quiet || exitCode === EXIT.done || trouble.length === 0) return;
  sayError(terminal, trouble);
}

/** Further lines begin under the first: whatever others wrote, no line of it begins where one of ours does. */
function sayError({ say, err }: Terminal, [first, ...more]: readonly string[]): void {
  say(`${err.red('error:')} ${first}`);
  for (const line of more) say(`       ${line}`);
}

function printError(error: unknown, { writeOut, terminal }: Streams, json: boolean): void {
  const { code, message, hint, step } = describe(error);
  if (json) writeOut(`${JSON.stringify({ error: { code, message, hint, step } }, null, 2)}\n`);
  const { dim } = terminal.err;
  const full = hint !== null && message.endsWith(hint) ? message.slice(0, -hint.length).trimEnd() : message;
  const what = full.replace(' by its AbortSignal', '');
  // The cause of a cancelled call is the signal, which the user knows.
  const { cause } = (error ?? {}) as { cause?: unknown };
  const because = cause === undefined || code === 'ERR_BACKUP_CANCELLED' ? '' : withoutSecrets(messageOf(cause));
  const said = message.includes(because) ? [] : [dim(start(because))];
  // A stack has lines of its own.
  const own = isBackupError(error) ? [what] : what.split('\n');
  sayError(terminal, [...own, ...(hint === null ? [] : [hint]), ...said, dim(code)]);
}

/** What Node says of a module that it does not find goes on for long. */
function start(text: string): string {
  return text.split('\n').slice(0, 8).join('\n');
}

interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly step: string | null;
}

function describe(error: unknown): ErrorDocument {
  if (isBackupError(error)) {
    const { code, message, hint, step } = error;
    return { code, message, hint, step };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: systemCode(error) || 'ERR_UNEXPECTED', message: withoutSecrets(stack), hint: null, step: null };
}

function isParserError(error: unknown): error is CommanderError {
  return systemCode(error).startsWith('commander.');
}

/** Translates commander's words: `error: unknown option '--databse'`, then a line `(Did you mean --database?)`. */
function explainParserError({ code, message }: CommanderError, args: readonly string[]): Error {
  if (code === 'commander.help') return usageError('No command was given.', 'The commands are listed above.');
  // What was given may hold line breaks of its own.
  const [, what = '', suggestion] = /^(?:error: )?([^]*?)(?:\n\((Did you mean [^]*)\))?$/.exec(message)!;
  const file = code === 'commander.excessArguments' ? args.find(looksLikeDatabase) : undefined;
  // The value of an option that there is not may be a secret.
  const named = what.replace(/^(unknown option '--?[\w-]+=)[^]*'$/, "$1…'");
  const hint =
    file === undefined
      ? (suggestion ?? 'See "sqlite-autobackup --help".')
      : `The database is given with --database ${file}.`;
  return usageError(`${named.charAt(0).toUpperCase()}${named.slice(1)}${/[.!?]$/.test(named) ? '' : '.'}`, hint);
}

function looksLikeDatabase(arg: string): boolean {
  return /^[^-].*\.(db3?|sqlite3?)$/i.test(arg);
}
