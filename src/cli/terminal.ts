import { isatty } from 'node:tty';
import { forTerminal } from '../util/printable.js';
import { asLine, colors } from './paint.js';
import type { Colors } from './paint.js';

/** Where a command writes while it works. Its result goes elsewhere: `run.ts` prints that, once. */
export interface Terminal {
  /** Colours for the result, which goes to standard output. */
  readonly out: Colors;
  /** Colours for all that goes to standard error. */
  readonly err: Colors;
  /** Is standard error a terminal that can redraw a line? */
  readonly interactive: boolean;
  /** Is a person there who can answer a question? */
  readonly canAsk: boolean;
  readonly quiet: boolean;
  /** Width of standard output, where it is a terminal; otherwise nothing is wrapped or cut. */
  readonly columns: number | undefined;
  /** A line to standard error, also with --quiet. */
  readonly say: (line: string) => void;
  /** The same; nothing with --quiet. */
  readonly note: (line: string) => void;
  warn(message: string): void;
  /** A line that --quiet does not suppress: something failed although the command itself may end well. */
  trouble(message: string): void;
}

export interface Streams {
  readonly terminal: Terminal;
  /** To standard output, where each stays one line. */
  readonly writeLines: (lines: readonly string[]) => void;
  /** The same for a text of our own that has lines: JSON, the help. */
  readonly writeOut: (text: string) => void;
  /** The same for data: a file or a pipe gets every character as it is. */
  readonly writeData: (text: string) => void;
  /** A text of our own to standard error. */
  readonly writeErr: (text: string) => void;
  /** Resolves when everything that was written is on its way. */
  flushed(): Promise<void>;
}

/**
 * Standard output is for results alone. What the user's configuration prints there, or the logger of a service that it
 * exports, goes to standard error, or nowhere with --quiet.
 */
export function takeStreams({ quiet }: { quiet: boolean }): Streams {
  const { stdout, stderr } = process;
  const toStdout = stdout.write.bind(stdout);
  const toStderr = stderr.write.bind(stderr);
  // Labels, names and what others say may hold anything: whoever writes here need not think of it.
  const writeLines = (lines: readonly string[]): void =>
    void toStdout(lines.map((line) => `${asLine(line)}\n`).join(''));
  const writeOut = (text: string): void => void toStdout(forTerminal(text));
  const writeData = (text: string): void => (isatty(stdout.fd) ? writeOut(text) : void toStdout(text));
  const writeErr = (text: string): void => void toStderr(forTerminal(text));
  stdout.write = (chunk: string | Uint8Array, ...rest: []) => toStderr(quiet ? '' : chunk, ...rest);
  // `| head` closes the pipe when it has read enough; the command has not failed.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});

  const err = colors(hasColors(stderr));
  const say = (line: string): void => void toStderr(`${asLine(line)}\n`);
  const note = (line: string): void => {
    if (!quiet) say(line);
  };
  return {
    terminal: {
      out: colors(hasColors(stdout)),
      err,
      interactive: isScreen(stderr),
      canAsk: isatty(process.stdin.fd) && isatty(stderr.fd),
      quiet,
      columns: isatty(stdout.fd) ? stdout.columns : undefined,
      say,
      note,
      warn: (message) => note(`${err.yellow('warning:')} ${message}`),
      trouble: (message) => say(`${err.yellow('warning:')} ${message}`),
    },
    writeLines,
    writeOut,
    writeData,
    writeErr,
    async flushed() {
      await Promise.all([toStdout, toStderr].map((write) => new Promise((resolve) => write('', resolve))));
    },
  };
}

function isScreen(stream: { readonly fd: number }): boolean {
  return isatty(stream.fd) && process.env['TERM'] !== 'dumb';
}

/** https://no-color.org: present and not empty. */
function hasColors(stream: { readonly fd: number }): boolean {
  return isScreen(stream) && !process.env['NO_COLOR'];
}
