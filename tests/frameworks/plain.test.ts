import { describeFramework } from './contract';

const compositions = {
  composed: 'Compositions.composed',
  wrapped: 'Compositions.wrapped',
  wrapping: 'Compositions.wrapping',
  inherited: 'Compositions.inherited',
  super: 'Compositions.super_',
  twice: 'Compositions.twice',
  around: 'Compositions.around',
  bound: 'Compositions.bound',
  private: 'Compositions.#private',
};

describe.each([
  ['compiled by tsc', ['build/main.js']],
  ['run by tsx (esbuild)', ['--import', require.resolve('tsx'), 'src/main.ts']],
])('plain classes with TC39 decorators, %s,', (_, args) => {
  describeFramework({ app: 'plain', args, features: { middleware: true, compositions } });
});
