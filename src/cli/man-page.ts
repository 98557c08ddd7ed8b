import { describeProgram } from './describe.js';
import type { DescribedOption, DescribedProgram } from './describe.js';
import { AFTER_HELP, buildProgram } from './program.js';

/** The manual page in roff, for `man sqlite-autobackup`: what --help says, of all commands. Pure. */
export function manPage({ name, description, options, commands }: DescribedProgram, after: string): string {
  return `${[
    `.TH ${name.toUpperCase()} 1 "" "${name}" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(description)}`,
    '.SH SYNOPSIS',
    `.B ${roff(name)}`,
    '.RI < command > " " [ options ]',
    '.SH COMMANDS',
    ...commands.flatMap((command) => [
      `.SS ${roff(`${command.name} ${command.usage}`)}`,
      roff(command.description),
      ...tagged(command.options),
    ]),
    '.SH OPTIONS OF EVERY COMMAND',
    ...tagged(options),
    '.SH EXAMPLES AND EXIT CODES',
    '.nf',
    ...after.trim().split('\n').map(roff),
    '.fi',
    '.SH SEE ALSO',
    'The pages in the package: node_modules/sqlite\\-autobackup/docs/command\\-line.md, restore.md, errors.md',
  ].join('\n')}\n`;
}

/** The page of this program, for the script that writes it and the test that compares. */
export function programManPage(): string {
  const program = buildProgram({ writeOut: () => {}, writeErr: () => {} }, async () => {});
  return manPage(describeProgram(program), AFTER_HELP);
}

function tagged(options: readonly DescribedOption[]): string[] {
  return options.flatMap(({ flags, description }) => ['.TP', `.B ${roff(flags)}`, roff(description)]);
}

/** A line that begins with a dot or a quote would be a command of roff; a plain hyphen is not that of an option. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
