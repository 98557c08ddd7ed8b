import type { CommanderError } from 'commander';
import { isBackupError, messageOf, systemCode } from '../util/errors.js';
import type { Result } from './context.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { buildProgram } from './program.js';
import { listenToSignals } from './signals.js';
import { takeStreams } from './terminal.js';
import type { Streams } from './terminal.js';
import { usageError } from './usage-error.js';

/** Parses, runs the command, prints its result or its error, and ends the process. */
export async function runCli(args: readonly string[]): Promise<void> {
  // Looked for here as well, since errors of the parser itself must be printed as asked.
  const json = has(args, /^--json$/);
  const streams = takeStreams({ quiet: has(args, /^--quiet$|^-[yVh]*q/) });
  const signals = listenToSignals();
  let exitCode: number;
  // A promise of the user's configuration that never settles: without this, Node ends with 0 and says nothing.
  process.once('beforeExit', () => {
    const error = usageError('What the configuration promises never comes.', 'Look for an await without an end in it.');
    printError(error, streams, json);
    void streams.flushed().then(() => process.exit(exitCodeOf(error)));
  });
  try {
    const result = await perform(args, streams, signals.signal);
    exitCode = result?.exitCode ?? EXIT.done;
    if (result) printResult(result, streams, json);
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
    result = await command({ flags, signal, terminal: streams.terminal });
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!isParserError(error)) throw error;
    if (error.exitCode !== 0) throw explainParserError(error);
  }
  return result;
}

function has(args: readonly string[], option: RegExp): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => option.test(arg));
}

function printResult({ document, text }: Result, { writeOut, terminal }: Streams, json: boolean): void {
  if (json) writeOut(`${JSON.stringify(document, null, 2)}\n`);
  else if (!terminal.quiet && text !== '') writeOut(`${text}\n`);
}

function printError(error: unknown, { writeOut, writeErr, terminal }: Streams, json: boolean): void {
  const { code, message, hint, step } = describe(error);
  if (json) writeOut(`${JSON.stringify({ error: { code, message, hint, step } }, null, 2)}\n`);
  const { red, dim } = terminal.err;
  const full = hint !== null && message.endsWith(hint) ? message.slice(0, -hint.length).trimEnd() : message;
  const what = full.replace(' by its AbortSignal', '');
  // Of a cancelled call it is the signal, which needs no telling.
  const cause = code === 'ERR_BACKUP_CANCELLED' ? undefined : (error as { cause?: unknown } | undefined)?.cause;
  const said = cause === undefined || message.includes(messageOf(cause)) ? [] : messageOf(cause).split('\n');
  const lines = [what, ...(hint === null ? [] : [hint]), ...said.slice(0, 8).map((line) => dim(line)), dim(code)];
  writeErr(`${red('error:')} ${lines.join('\n       ')}\n`);
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
  return { code: systemCode(error) || 'ERR_UNEXPECTED', message: stack, hint: null, step: null };
}

function isParserError(error: unknown): error is CommanderError {
  return systemCode(error).startsWith('commander.');
}

/** commander's own words: `error: unknown option '--databse'`, then a line `(Did you mean --database?)`. */
function explainParserError({ code, message }: CommanderError): Error {
  if (code === 'commander.help') return usageError('No command was given.', 'The commands are listed above.');
  const [what, suggestion] = message.replace(/^error: /, '').split('\n');
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'See "sqlite-autobackup --help".';
  return usageError(`${what![0]!.toUpperCase()}${what!.slice(1)}${/[.!?]$/.test(what!) ? '' : '.'}`, hint);
}
