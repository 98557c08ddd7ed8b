import fs from 'node:fs';
import path from 'node:path';
import { run, tool, useConsumer } from './consumer';

const consumer = useConsumer();

const RESOLUTIONS = {
  'CommonJS under nodenext': { type: 'commonjs', module: 'nodenext' },
  'ESM under nodenext': { type: 'module', module: 'nodenext' },
  'CommonJS as of old': {
    type: 'commonjs',
    module: 'commonjs',
    moduleResolution: 'node10',
    ignoreDeprecations: '6.0',
  },
  'a bundler': { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
};

// Resolution and dialect do not meet in the types, so not every pair is worth a compiler's run.
test.each([
  ['CommonJS under nodenext', 'legacy'],
  ['CommonJS under nodenext', 'TC39'],
  ['ESM under nodenext', 'TC39'],
  ['CommonJS as of old', 'legacy'],
  ['a bundler', 'TC39'],
] as const)('the types hold, library checks and all, for %s with %s decorators', async (resolution, dialect) => {
  const { type, ...options } = RESOLUTIONS[resolution];
  const project = `types/${resolution} ${dialect}`;
  consumer.write(`${project}/package.json`, { type });
  consumer.write(`${project}/app.ts`, fs.readFileSync(consumer.file('decorated', 'app.ts'), 'utf8'));
  consumer.write(`${project}/tsconfig.json`, {
    compilerOptions: {
      ...options,
      experimentalDecorators: dialect === 'legacy',
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    },
  });
  const { code, output } = await run([tool('typescript', 'tsc'), '-p', consumer.file(project)], consumer.folder);
  expect({ code, output }).toEqual({ code: 0, output: '' });
});

test('the types of the root need only dependencies that bring types of their own', () => {
  const { dependencies, devDependencies } = consumer.packageJson;
  const needed = packagesOf(path.join(consumer.installed, 'dist', 'index.d.ts'));
  const missing = [...needed].filter((name) => !(name in dependencies) || `@types/${name}` in devDependencies);
  expect(missing).toEqual([]);
});

/** The packages that a declaration file, and those that it imports, import. */
function packagesOf(file: string, seen = new Set<string>(), found = new Set<string>()): Set<string> {
  if (seen.has(file)) return found;
  seen.add(file);
  // An example in a docstring may say "import" before a text in quotes, and 'import' may be such a text itself.
  const text = fs.readFileSync(file, 'utf8').replace(/\/\*.*?\*\//gs, '');
  for (const [, specifier] of text.matchAll(/(?<!['"])(?:from\s+|import\s*\(?\s*|types=)['"]([^'"]+)['"]/g)) {
    if (specifier!.startsWith('.')) {
      packagesOf(
        path.resolve(path.dirname(file), specifier!.replace(/js$/, 'd.ts').replace(/mjs$/, 'd.mts')),
        seen,
        found,
      );
    } else if (!specifier!.startsWith('node:') && specifier !== 'node') {
      found.add(
        specifier!
          .split('/')
          .slice(0, specifier!.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    }
  }
  return found;
}
