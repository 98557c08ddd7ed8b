import { describeFramework } from './contract';

describeFramework({
  app: 'fastify',
  features: { middleware: true, container: true },
  // The name of the function.
  label: (_edition, method) => method,
});
