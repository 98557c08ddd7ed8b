import { describeFramework } from './contract';

describeFramework({ app: 'inversify', features: { middleware: true, container: true } });
