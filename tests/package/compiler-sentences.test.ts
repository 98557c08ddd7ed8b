import ts from 'typescript';
import { useConsumer } from './consumer';

// What the compiler says of a method that cannot be protected as it is decorated: one line that says what to do.
const consumer = useConsumer();

const NO_PROMISE = 'It returns no promise: make it async, or pass { blocking: true }.';
const GENERATOR = 'A generator cannot be protected.';

const REFUSED: readonly (readonly [decorated: string, sentence: string])[] = [
  ['@AutoBackup() total() { return 42; }', NO_PROMISE],
  ['@AutoBackup() total(): Promise<number> | number { return 42; }', NO_PROMISE],
  ['@AutoBackup() *rows() { yield 42; }', GENERATOR],
  ['@AutoBackup() async *rows() { yield 42; }', GENERATOR],
  ['@AutoBackup({ blocking: true }) async *rows() { yield 42; }', GENERATOR],
];
const ACCEPTED = [
  '@AutoBackup() async total() { return 42; }',
  '@AutoBackup() fail(): Promise<never> { return Promise.reject(new Error()); }',
  '@AutoBackup({ blocking: true }) total() { return 42; }',
  '@AutoBackup({ blocking: true }) async total() { return 42; }',
  '@AutoBackup({ blocking: true }) fail(): never { throw new Error(); }',
];

/** For each decorated method the first lines of what the compiler says of it. */
function complaintsOf(methods: readonly string[], experimentalDecorators: boolean): string[][] {
  const files = methods.map((method, i) => {
    consumer.write(
      `method-${i}.ts`,
      `import { AutoBackup } from 'sqlite-autobackup';\nexport class Shop { ${method} }\n`,
    );
    return consumer.file(`method-${i}.ts`);
  });
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    experimentalDecorators,
  });
  return files.map((file) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n').split('\n')[0]!),
  );
}

test.each([
  ['legacy', true],
  ['TC39', false],
])('with %s decorators the compiler says in one line why it refuses a method', (_, experimentalDecorators) => {
  const refused = complaintsOf(
    REFUSED.map(([decorated]) => decorated),
    experimentalDecorators,
  );
  expect(refused).toEqual(REFUSED.map(([, sentence]) => [expect.stringContaining(sentence)]));
  expect(complaintsOf(ACCEPTED, experimentalDecorators)).toEqual(ACCEPTED.map(() => []));
});
