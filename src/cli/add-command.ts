import type { Command } from 'commander';
import type { Context, Result } from './context.js';

/** Adds a command with its examples; the program's own options are added to it. */
export type AddCommand = (name: string, description: string, examples: readonly string[]) => Command;

/** Runs what the command line asked for. */
export type RunCommand = (command: (context: Context) => Promise<Result>) => Promise<void>;
