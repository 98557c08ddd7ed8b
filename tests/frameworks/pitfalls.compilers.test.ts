// What docs/pitfalls.md says of compilers: each of them, set up in each way, on the same source.
import fs from 'node:fs';
import path from 'node:path';
import { resultOf, run, tool } from '../package/consumer';
import { createLedger } from '../support/databases';
import { useTempFolder } from '../support/temp-folder';

const APP = path.join(__dirname, 'pitfalls');
const folder = useTempFolder();

interface Outcome {
  readonly answer: string;
  /** The labels of the backups that are there afterwards. */
  readonly backups: readonly string[];
}

describe('a decorated #private method', () => {
  const env = () => ({ DATABASE: folder.file('app.db') });
  const outcomeOf = (script: string) => resultOf<Outcome>(run([script], APP, env()));

  /** Compiles a source with swc and runs it. */
  async function underSwc(source: string, transform: object): Promise<Outcome> {
    const name = `${source}-${Object.values(transform).join('-') || 'default'}.js`;
    const parser = { syntax: 'typescript', decorators: true };
    const options = { swcrc: false, jsc: { target: 'es2022', parser, transform }, module: { type: 'commonjs' } };
    const compile = `require('fs').writeFileSync('build/${name}', require('@swc/core').transformFileSync(
      'src/${source}.ts', ${JSON.stringify(options)}).code)`;
    const { code, output } = await run(['-e', compile], APP);
    expect({ code, output }).toEqual({ code: 0, output: '' });
    return outcomeOf(`build/${name}`);
  }

  /** Compiles a source with Babel and runs it. */
  async function underBabel(source: string, version: string): Promise<Outcome> {
    const name = `${source}-babel-${version}.js`;
    const plugins = [['@babel/plugin-proposal-decorators', { version }], '@babel/plugin-transform-modules-commonjs'];
    const options = { configFile: false, babelrc: false, presets: ['@babel/preset-typescript'], plugins };
    const compile = `require('fs').writeFileSync('build/${name}', require('@babel/core').transformFileSync(
      'src/${source}.ts', ${JSON.stringify(options)}).code)`;
    const { code, output } = await run(['-e', compile], APP);
    if (code !== 0) throw new Error(output);
    return outcomeOf(`build/${name}`);
  }

  function removeBackups(): void {
    for (const name of folder.list().filter((file) => /^app_backup_/.test(file))) fs.rmSync(folder.file(name));
  }

  beforeEach(() => createLedger(folder.file('app.db'), 'wal').close());

  test.each([
    ['as it is set up by default', {}],
    ["with decoratorVersion '2021-12'", { decoratorVersion: '2021-12' }],
    ['with legacyDecorator', { legacyDecorator: true }],
  ])('is silently not protected under swc %s', async (_, transform) => {
    expect(await underSwc('private-method', transform)).toEqual({ answer: 'wiped', backups: [] });
  });

  test.each(['2022-03', '2023-11'])('is protected under swc with decoratorVersion %s', async (decoratorVersion) => {
    const protectedOnce = { answer: 'wiped', backups: ['Shop.#wipe'] };
    expect(await underSwc('private-method', { decoratorVersion })).toEqual(protectedOnce);
  });

  test('is protected under tsc and esbuild with the decorators of the language', async () => {
    const protectedOnce = { answer: 'wiped', backups: ['Shop.#wipe'] };
    expect(await outcomeOf('build/private-method.js')).toEqual(protectedOnce);
    removeBackups();
    const tsx = run(['--import', require.resolve('tsx'), 'src/private-method.ts'], APP, env());
    expect(await resultOf<Outcome>(tsx)).toEqual(protectedOnce);
  });

  test('is refused by tsc and esbuild with experimentalDecorators', async () => {
    const legacy = 'tsconfig.legacy.json';
    const tsc = await run([tool('typescript', 'tsc'), '-p', legacy, '--noEmit'], APP);
    expect(tsc.output).toContain('private-method.ts(7,3): error TS1206: Decorators are not valid here.');
    const tsx = await run([tool('tsx'), '--tsconfig', legacy, 'src/private-method.ts'], APP, env());
    expect(tsx.output).toContain('cannot be used on private identifiers');
  });

  test('is protected under Babel with the decorators of the language, and refused with the legacy ones', async () => {
    expect(await underBabel('private-method', '2023-11')).toEqual({ answer: 'wiped', backups: ['Shop.#wipe'] });
    await expect(underBabel('private-method', 'legacy')).rejects.toThrow(/private-method\.ts/);
  });

  test.each(['2023-11', 'legacy'])('need not be decorated: so under Babel, %s', async (version) => {
    expect(await underBabel('private-method-called', version)).toEqual({
      answer: 'wiped pens',
      backups: ['Shop.wipe'],
    });
  });

  test('need not be decorated: a decorated method may call it, under swc however it is set up', async () => {
    for (const transform of [{}, { legacyDecorator: true }, { decoratorVersion: '2022-03' }]) {
      removeBackups();
      const outcome = await underSwc('private-method-called', transform);
      expect(outcome).toEqual({ answer: 'wiped pens', backups: ['Shop.wipe'] });
    }
  });
});

test('design:returntype is absent under tsx, and nothing misses it', async () => {
  const tsx = [tool('tsx'), '--tsconfig', 'tsconfig.legacy.json', 'src/return-type.ts'];
  expect(await resultOf(run(tsx, APP))).toEqual({ returnType: 'undefined' });
});
