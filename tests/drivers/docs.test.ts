import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.join(__dirname, '..', '..');
const MODULES = path.join(__dirname, 'node_modules');

// tests/unit/docs.test.ts compiles the ```ts blocks. Those marked ```typescript need ORMs, which are installed here only.
test('every example of an ORM in docs/drivers.md compiles with that ORM’s types', () => {
  (require('./adapters/prisma.js') as { generate(): void }).generate();
  const page = fs.readFileSync(path.join(ROOT, 'docs', 'drivers.md'), 'utf8');
  const blocks = [...page.matchAll(/^```typescript\n([^]*?)^```$/gm)].map(([, code]) => code!);
  expect(blocks).toHaveLength(7);

  // Beside the client that Prisma has generated.
  const folder = path.join(MODULES, '.docs-examples');
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  fs.mkdirSync(folder);
  const files = blocks.map((code, i) => {
    const file = path.join(folder, `${i}.mts`);
    fs.writeFileSync(file, code.replace('./generated/prisma/client', '../.prisma-client/client/client.ts'));
    return file;
  });
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const program = ts.createProgram(files, {
    ...options,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    noUnusedLocals: false,
    allowImportingTsExtensions: true,
    paths: {
      'sqlite-autobackup': [path.join(ROOT, 'dist', 'index.d.ts')],
      'better-sqlite3': [path.join(ROOT, 'node_modules', '@types', 'better-sqlite3', 'index.d.ts')],
    },
  });
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: file && path.basename(file.fileName),
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
  expect(complaints).toEqual([]);
});
