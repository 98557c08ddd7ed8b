import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import express from 'express';
import * as app from '../../support/app.js';
import { RegisterRoutes } from './generated/routes.js';

const server = express();
server.use(express.json());
server.get('/openapi.json', (_request, response) => response.sendFile(path.resolve('build/swagger.json')));
RegisterRoutes(server);
const listening = server.listen(0, '127.0.0.1', () => app.announce((listening.address() as AddressInfo).port));
