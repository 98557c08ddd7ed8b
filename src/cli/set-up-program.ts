import { Argument } from 'commander';
import type { Command } from 'commander';
import type { AddCommand, RunCommand } from './add-command.js';
import { completionScript, SHELLS } from './completion.js';
import type { Shell } from './completion.js';
import { describeProgram } from './describe.js';
import { EXIT } from './exit-codes.js';
import { commands } from './load-commands.js';

/** The commands that one uses once: for a new app, and for one's shell. */
export function addSetUpCommands(add: AddCommand, run: RunCommand, program: Command): void {
  add('init', 'Write the configuration file that the app and this program share', [
    'init',
    'init --database instance/app.db --yes',
  ]).action(() => run((context) => commands().init(context)));

  add('completion', 'Print the script by which a shell completes commands and options', [
    'completion bash >> ~/.bashrc',
    'completion zsh > ~/.zfunc/_sqlite-autobackup',
    'completion fish > ~/.config/fish/completions/sqlite-autobackup.fish',
  ])
    .addArgument(new Argument('<shell>', SHELLS.join(', ')).choices(SHELLS))
    .action((shell: Shell) =>
      run(() => {
        const script = completionScript(shell, describeProgram(program));
        return Promise.resolve({ exitCode: EXIT.done, document: { shell, script }, data: script });
      }),
    );
}
