import { describeFramework } from './contract';

describeFramework({ app: 'routing-controllers', features: { middleware: true, container: true } });
