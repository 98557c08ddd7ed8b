import { describeFramework } from './contract';

const features = { openapi: true, observable: true, middleware: true, container: true };

describeFramework({ app: 'nestjs-12', features });
describeFramework({ app: 'nestjs-12', args: ['build/main.js', 'fastify'], features });
