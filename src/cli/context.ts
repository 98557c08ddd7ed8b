import type { Terminal } from './terminal.js';

/** The options that every command has, as commander reads them. */
export interface Flags {
  readonly database?: string;
  readonly directory?: string;
  readonly config?: string;
  readonly service?: string;
  readonly interval?: string;
  readonly timeout?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly yes?: boolean;
}

/** The context of every command. */
export interface Context {
  readonly flags: Flags;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C and by being ended. */
  readonly signal: AbortSignal;
}

/** How a command ends well, or not quite: `document` is printed with --json, `lines` or `data` without. */
export interface Result {
  readonly exitCode: number;
  readonly document: object;
  /** Each is printed as one line, whatever others have written into it. */
  readonly lines?: readonly string[];
  /** For another program: only a terminal gets it with its control characters shown. */
  readonly data?: string;
  /** The lines that say what went wrong, for --quiet; default: the first of `lines`. */
  readonly trouble?: readonly string[];
}

/** A command's own function: its positional arguments, then its own options. */
export type CommandFunction<Args extends readonly unknown[]> = (context: Context, ...args: Args) => Promise<Result>;
