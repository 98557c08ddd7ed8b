import { describeFramework } from './contract';

describeFramework({
  app: 'routing-controllers',
  features: {
    middleware: true,
    container: true,
    compositions: {
      composed: 'Compositions.composed',
      wrapped: 'Compositions.wrapped',
      wrapping: 'Compositions.wrapping',
      inherited: 'Base.inherited',
      super: 'Compositions.super_',
      twice: 'Compositions.twice',
      around: 'Compositions.around',
    },
  },
});
