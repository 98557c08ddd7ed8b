import { describeFramework } from './contract';

const features = { openapi: true, observable: true, middleware: true, container: true };

describeFramework({ app: 'nestjs', features });
describeFramework({ app: 'nestjs', args: ['build/main.js', 'fastify'], features });
