import 'reflect-metadata';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { IsNotEmpty, IsNumber, IsString, Min } from 'class-validator';
import type { NextFunction, Request, Response } from 'express';
import {
  Authorized,
  Body,
  createExpressServer,
  CurrentUser,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpError,
  JsonController,
  NotFoundError,
  OnUndefined,
  Param,
  Post,
  Redirect,
  useContainer,
  UseBefore,
} from 'routing-controllers';
import { Container, Service } from 'typedi';
import * as app from '../../support/app.js';
import { autoBackup } from './auto-backup.js';
import { Compositions } from './compositions.js';

useContainer(Container);

const unchanged: ReturnType<typeof autoBackup> = (() => {}) as never;

class NewInvoice {
  @IsString()
  @IsNotEmpty()
  customer!: string;

  @IsNumber()
  @Min(0)
  total!: number;
}

function middleware(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-middleware', 'ran');
  next();
}

/** The same controller, with @AutoBackup() in one of three places, or nowhere. */
function controller(edition: string) {
  const at = (place: string) => (place === edition ? autoBackup() : unchanged);

  @Service()
  @JsonController(`/${edition}`)
  class Invoices {
    @at('above')
    @Post('/invoices')
    @HttpCode(201)
    @at('between')
    @Authorized()
    @UseBefore(middleware)
    @at('below')
    async create(@Body() invoice: NewInvoice, @CurrentUser() user: string) {
      return app.createInvoice(invoice, user);
    }

    @at('above')
    @Delete('/invoices/:id')
    @at('between')
    @Authorized('admin')
    @OnUndefined(204)
    @at('below')
    async remove(@Param('id') id: number): Promise<void> {
      if (!app.removeInvoice(id)) throw new NotFoundError(`There is no invoice ${id}.`);
    }

    @at('above')
    @Post('/report')
    @at('between')
    @Header('content-type', 'text/csv')
    @at('below')
    async report() {
      return app.reportStream();
    }

    @at('above')
    @Post('/moved')
    @at('between')
    @Redirect('/somewhere')
    @at('below')
    async moved(): Promise<void> {
      app.called('moved');
    }

    @at('above')
    @Post('/broken')
    @at('between')
    @HttpCode(202)
    @at('below')
    async broken(): Promise<void> {
      app.called('broken');
      throw new HttpError(409, 'The invoice was paid already.');
    }

    @at('above')
    @Post('/crash')
    @at('between')
    @HttpCode(202)
    @at('below')
    async crash(): Promise<void> {
      app.called('crash');
      throw new Error('a bug');
    }

    @Get('/invoices')
    async count() {
      return app.countInvoices();
    }
  }
  return Invoices;
}

const server = http.createServer(
  createExpressServer({
    controllers: [...['none', 'above', 'between', 'below'].map(controller), Compositions],
    development: false,
    authorizationChecker: ({ request }: { request: Request }, roles: string[]) =>
      Boolean(request.headers['x-user']) && (roles.length === 0 || roles.includes(String(request.headers['x-role']))),
    currentUserChecker: ({ request }: { request: Request }) => request.headers['x-user'],
  }) as http.RequestListener,
);
server.listen(0, '127.0.0.1', () => app.announce((server.address() as AddressInfo).port));
