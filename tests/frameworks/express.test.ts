import { describeFramework } from './contract';

describeFramework({
  app: 'express',
  features: { middleware: true },
  // The name of the function: of the handler, or of what it calls.
  label: (edition, method) => (edition === 'below' ? method : `${method}_`),
});
