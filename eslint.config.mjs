import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { layerZones } from './eslint.layers.mjs';

const BETTER_SQLITE3 = {
  name: 'better-sqlite3',
  message: 'Law 1: only src/isolated/, which runs in a child process, may open a database.',
};

// Loading is put off at the boundaries that src/util/lazy.ts names, and nowhere else.
const NO_STRAY_REQUIRE = [
  {
    selector: "CallExpression[callee.name='require']:not(CallExpression[callee.name='lazy'] CallExpression)",
    message: 'Import it statically, or load it inside lazy(…) of src/util/lazy.ts.',
  },
  {
    selector:
      "CallExpression[callee.name='lazy'] CallExpression[callee.name='require'][arguments.0.value='better-sqlite3']",
    message: BETTER_SQLITE3.message,
  },
];

// Timers of jsdom and of Electron's renderer have no unref().
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'Import it from src/util/timers.ts.',
}));

export default tseslint.config(
  {
    ignores: [
      'dist/',
      '**/build/',
      'tests/frameworks/*/src/generated/',
      'coverage/',
      'docs/api/',
      'node_modules/',
      '**/node_modules/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/explicit-function-return-type': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-require-imports': 'off',
      // What a caller's function threw is passed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
    },
  },
  { files: ['**/*.{js,cjs}'], languageOptions: { sourceType: 'commonjs', globals: globals('node') } },
  { files: ['**/*.mjs'], languageOptions: { globals: globals('node') } },
  {
    files: ['src/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 80],
    },
  },
  // The facade: more than half of it is what a user reads of each method.
  {
    files: ['src/service/backup-service.ts'],
    rules: { 'max-lines': ['error', { max: 300, skipComments: true, skipBlankLines: true }] },
  },
  // Rooms import downwards, types included. That they do not in a circle, dependency-cruiser sees (npm run lint), in a fraction of the
  // time that import-x/no-cycle takes.
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/external-module-folders': ['node_modules', 'node_modules/@types'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.json' })],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: layerZones() }],
      'import-x/no-unresolved': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    // The child process loads all that it needs, and its timers are Node's.
    ignores: ['src/isolated/**'],
    rules: {
      'no-restricted-globals': ['error', ...TIMERS],
      'no-restricted-imports': [
        'error',
        {
          paths: [BETTER_SQLITE3],
          patterns: [{ group: ['**/isolated/**'], message: 'src/isolated/ runs in a child process only.' }],
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...NO_STRAY_REQUIRE,
        { selector: "ImportExpression[source.value='better-sqlite3']", message: BETTER_SQLITE3.message },
      ],
    },
  },
  {
    files: ['tests/**/*.ts', 'docs/**/*.ts'],
    rules: {
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  // Their frameworks are installed by npm run test:frameworks only, so their types are not known here.
  {
    files: ['tests/frameworks/*/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { '@typescript-eslint/no-empty-function': 'off', '@typescript-eslint/no-explicit-any': 'off' },
  },
  // Shapes that are only declared.
  {
    files: ['tests/types/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-vars': 'off', '@typescript-eslint/restrict-plus-operands': 'off' },
  },
);

function globals(kind) {
  const names =
    kind === 'node'
      ? [
          'require',
          'module',
          'process',
          'console',
          '__dirname',
          'Buffer',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'setImmediate',
          'performance',
          'URL',
          'AbortSignal',
          'fetch',
        ]
      : [];
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}
