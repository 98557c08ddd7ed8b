import { describeFramework } from './contract';

describeFramework({ app: 'loopback', features: { openapi: true, middleware: true, container: true } });
