import { describeFramework } from './contract';

describeFramework({ app: 'foal', features: { openapi: true, middleware: true, container: true } });
