import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { programManPage } from '#dist/cli/man-page.js';
import { ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();

/** What a real bash offers for the last of these words. */
function inBash(script: string, ...words: string[]): string[] {
  const source =
    'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sqlite_autobackup; echo "${COMPREPLY[@]}"';
  const output = execFileSync('bash', ['-c', source, 'bash', script, 'sqlite-autobackup', ...words], {
    encoding: 'utf8',
  });
  return output.trim().split(' ').filter(Boolean);
}

test('bash completes commands, options and their values, and leaves files to its own completion', async () => {
  const { stdout, code } = await cli.run(['completion', 'bash']);
  expect(code).toBe(0);
  shop.write('completion.bash', stdout);
  const offered = (...words: string[]) => inBash(shop.file('completion.bash'), ...words);
  expect(offered('re')).toEqual(['restore', 'recover']);
  expect(offered('--database', 'verify', 'li')).toEqual(['list']);
  expect(offered('verify', '--le')).toEqual(['--level']);
  expect(offered('verify', '--level', '')).toEqual(['hash', 'quick', 'full', 'drill']);
  expect(offered('list', '--da')).toEqual(['--database']);
  expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(offered('restore', 'app_')).toEqual([]);
  expect(offered('restore', '--to', '')).toEqual([]);
});

test.each(['zsh', 'fish'])(
  '%s, where it is installed, accepts its script, which names every command and option',
  async (shell) => {
    const { stdout } = await cli.run(['completion', shell]);
    shop.write(`completion.${shell}`, stdout);
    const { error, status } = spawnSync(shell, ['-n', shop.file(`completion.${shell}`)]);
    expect(error ? 0 : status).toBe(0);
    for (const word of ['restore', 'doctor', 'keep-weekly', 'before']) expect(stdout).toContain(word);
  },
);

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).error === undefined;

(isInstalled('fish') ? test : test.skip)('a real fish offers commands and the values of options', async () => {
  const { stdout } = await cli.run(['completion', 'fish']);
  shop.write('completion.fish', stdout);
  const offered = (line: string) =>
    execFileSync('fish', ['-N', '-c', 'source $argv[1]; complete -C $argv[2]', shop.file('completion.fish'), line], {
      encoding: 'utf8',
    })
      .split('\n')
      .map((each) => each.split('\t')[0]!)
      .filter(Boolean);
  expect(offered('sqlite-autobackup re').toSorted()).toEqual(['recover', 'restore']);
  expect(offered('sqlite-autobackup verify --level ').toSorted()).toEqual(['drill', 'full', 'hash', 'quick']);
});

test('the manual page that the build has written is what the program says, and man can read it', () => {
  expect(fs.readFileSync(path.join(ROOT, 'man', 'sqlite-autobackup.1'), 'utf8')).toBe(programManPage());
  const { error, stderr } = spawnSync(
    'groff',
    ['-man', '-Tascii', '-ww', '-z', path.join(ROOT, 'man', 'sqlite-autobackup.1')],
    { encoding: 'utf8' },
  );
  expect(error ? '' : stderr).toBe('');
});
