import { describeFramework } from './contract';

describeFramework({
  app: 'tsoa',
  features: { openapi: true, middleware: true, container: true },
  // Its generator reads the sources, so each edition is a class of its own.
  label: (edition, method) => `${edition[0]!.toUpperCase()}${edition.slice(1)}Invoices.${method}`,
});
