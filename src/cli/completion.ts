import type { DescribedOption, DescribedProgram } from './describe.js';

// A script for each shell, made from the commands themselves. Where a value or an argument is expected that is not one of a few
// words, the shell completes names of files: databases, folders, backups.

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, program: DescribedProgram): string {
  return { bash, zsh, fish }[shell](program);
}

function namesOf(options: readonly DescribedOption[]): string[] {
  return options.flatMap(({ names }) => names);
}

function everyOption({ options, commands }: DescribedProgram): DescribedOption[] {
  return [...options, ...commands.flatMap((command) => command.options)];
}

/** `a|b|c`: the pattern of all options that are followed by a value. */
function valuePattern(program: DescribedProgram): string {
  const taking = everyOption(program).filter(({ takesValue }) => takesValue);
  return [...new Set(namesOf(taking))].join('|');
}

/** Lines of a `case` for the options with a few values: `    --level) … ;;` */
function choiceCases(program: DescribedProgram, act: (choices: string) => string): string {
  const byNames = new Map<string, string>();
  for (const { names, choices } of everyOption(program)) {
    if (choices.length > 0) byNames.set(names.join('|'), act(choices.join(' ')));
  }
  return [...byNames].map(([names, line]) => `    ${names}) ${line} ;;\n`).join('');
}

function bash(program: DescribedProgram): string {
  const { name, options, commands } = program;
  const own = commands
    .map(({ name: command, options: of, words }) => {
      return `    ${command}) options="${[...namesOf(of), '-h', '--help'].join(' ')}"; words="${words.join(' ')}" ;;\n`;
    })
    .join('');
  return `# bash completion of ${name}
_sqlite_autobackup() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" options="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${valuePattern(program)}) ((i++)) ;;
      -*) ;;
      *) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  COMPREPLY=()
  case "$before" in
${choiceCases(program, (choices) => `COMPREPLY=($(compgen -W "${choices}" -- "$current")); return`)}    ${valuePattern(program)}) return ;;
  esac
  case "$command" in
    "") words="${commands.map((each) => each.name).join(' ')} help" ;;
${own}  esac
  if [[ "$current" == -* ]]; then words="$options ${namesOf(options).join(' ')}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _sqlite_autobackup ${name}`;
}

/** In single quotes, as zsh and fish's older brothers read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function zsh(program: DescribedProgram): string {
  const { name, options, commands } = program;
  const described = (list: readonly DescribedOption[]): string =>
    list.flatMap(({ names, description }) => names.map((each) => quoted(`${each}:${description}`))).join(' ');
  const own = commands
    .map(({ name: command, options: of, words }) => {
      return `    ${command}) options+=(${described(of)}); choices=(${words.join(' ')}) ;;\n`;
    })
    .join('');
  return `#compdef ${name}
_sqlite_autobackup() {
  local command="" i
  local -a options commands choices
  for ((i = 2; i < CURRENT; i++)); do
    case "$words[i]" in
      ${valuePattern(program)}) ((i++)) ;;
      -*) ;;
      *) command="$words[i]"; break ;;
    esac
  done
  case "$words[CURRENT-1]" in
${choiceCases(program, (choices) => `compadd -- ${choices}; return`)}    ${valuePattern(program)}) _files; return ;;
  esac
  options=(${described(options)})
  case "$command" in
    "") commands=(${commands.map((each) => quoted(`${each.name}:${each.description}`)).join(' ')}) ;;
${own}  esac
  if [[ "$words[CURRENT]" == -* ]]; then _describe -o option options
  elif [[ -z "$command" ]]; then _describe command commands
  elif (( $#choices )); then compadd -- $choices
  else _files
  fi
}
compdef _sqlite_autobackup ${name}`;
}

function fish({ name, options, commands }: DescribedProgram): string {
  const text = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`;
  const option = (condition: string, { names, description, takesValue, choices }: DescribedOption): string => {
    const keys = names.map((each) => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
    const value = choices.length > 0 ? `-x -a ${text(choices.join(' '))}` : takesValue ? '-r' : '';
    return ['complete -c', name, condition, ...keys, value, '-d', text(description)].filter(Boolean).join(' ');
  };
  return [
    `# fish completion of ${name}`,
    ...options.map((each) => option('', each)),
    ...commands.flatMap((command) => {
      const within = `-n '__fish_seen_subcommand_from ${command.name}'`;
      const { words, description } = command;
      return [
        `complete -c ${name} -f -n __fish_use_subcommand -a ${command.name} -d ${text(description)}`,
        ...(words.length > 0 ? [`complete -c ${name} -f ${within} -a ${text(words.join(' '))}`] : []),
        ...command.options.map((each) => option(within, each)),
      ];
    }),
  ].join('\n');
}
