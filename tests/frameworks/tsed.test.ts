import { describeFramework } from './contract';

describeFramework({ app: 'tsed', features: { openapi: true, observable: true, middleware: true, container: true } });
