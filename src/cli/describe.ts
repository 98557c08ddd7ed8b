import type { Command, Option } from 'commander';

// The program as completion scripts and the manual page see it: read from commander's own commands, so that it is what --help says.

export interface DescribedOption {
  /** `['-q', '--quiet']` */
  readonly names: readonly string[];
  /** As --help writes it: `-q, --quiet`, `--last <n>` */
  readonly flags: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

export interface DescribedCommand {
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  /** What a first argument may be, where it is one of a few words. */
  readonly words: readonly string[];
}

export interface DescribedProgram {
  readonly name: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  readonly commands: readonly DescribedCommand[];
}

export function describeProgram(program: Command): DescribedProgram {
  return {
    name: program.name(),
    description: program.description(),
    options: program.options.map(describeOption),
    commands: program.commands.map((command) => ({
      name: command.name(),
      usage: command.usage(),
      description: command.description(),
      options: command.options.map(describeOption),
      words: command.registeredArguments[0]?.argChoices ?? [],
    })),
  };
}

function describeOption({ short, long, flags, description, required, optional, argChoices }: Option): DescribedOption {
  const names = [short, long].filter((name) => name !== undefined);
  return { names, flags, description, takesValue: required || optional, choices: argChoices ?? [] };
}
