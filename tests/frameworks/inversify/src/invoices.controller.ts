import type { Readable } from 'node:stream';
import {
  ApplyMiddleware,
  Body,
  ConflictHttpResponse,
  Controller,
  Delete,
  Get,
  Headers,
  HttpStatusCode,
  NotFoundHttpResponse,
  Params,
  Post,
  Response,
  SetHeader,
  StatusCode,
  UseGuard,
  UseInterceptor,
} from '@inversifyjs/http-core';
import { ValidateStandardSchemaV1 } from '@inversifyjs/standard-schema-validation';
import type { Response as ExpressResponse } from 'express';
import { inject } from 'inversify';
import type { Newable } from 'inversify';
import { BackupService } from 'sqlite-autobackup';
import * as v from 'valibot';
import { called, countInvoices, createInvoice, removeInvoice, reportStream } from '../../support/app.js';
import { decoratorsOf } from './edition.js';
import type { Edition } from './edition.js';
import { Admins, LoggedIn, MarkAnswer, MarkRequest } from './guards.js';

const NewInvoice = v.object({
  customer: v.pipe(v.string(), v.nonEmpty()),
  total: v.pipe(v.number(), v.minValue(0)),
});
type NewInvoice = v.InferOutput<typeof NewInvoice>;

/** The same controller in each edition, but for where `@AutoBackup()` stands. */
export function invoicesController(edition: Edition): Newable {
  const { above, between, below } = decoratorsOf(edition);

  @Controller(`/${edition}`)
  class Invoices {
    constructor(@inject(BackupService) readonly backups: BackupService) {}

    @above
    @Post('/invoices')
    @UseGuard(LoggedIn)
    @between
    @ApplyMiddleware(MarkRequest)
    @StatusCode(HttpStatusCode.CREATED)
    @below
    async create(
      @Body() @ValidateStandardSchemaV1(NewInvoice) invoice: NewInvoice,
      @Headers({ name: 'x-user' }) user: string,
    ): Promise<object> {
      return createInvoice(invoice, user);
    }

    @above
    @Delete('/invoices/:id')
    @UseGuard(LoggedIn, Admins)
    @between
    @StatusCode(HttpStatusCode.NO_CONTENT)
    @below
    async remove(@Params({ name: 'id' }) id: string): Promise<void> {
      if (!removeInvoice(id)) throw new NotFoundHttpResponse({ message: `no invoice ${id}` });
    }

    @above
    @Post('/report')
    @between
    @UseInterceptor(MarkAnswer)
    @SetHeader('content-type', 'text/csv')
    @below
    async report(): Promise<Readable> {
      return reportStream();
    }

    @above
    @Post('/moved')
    @between
    @ApplyMiddleware(MarkRequest)
    @below
    async moved(@Response() response: ExpressResponse): Promise<void> {
      called('moved');
      response.redirect(303, '/somewhere');
    }

    @above
    @Post('/broken')
    @between
    @ApplyMiddleware(MarkRequest)
    @below
    async broken(): Promise<void> {
      called('broken');
      throw new ConflictHttpResponse({ message: 'locked' });
    }

    @above
    @Post('/crash')
    @between
    @ApplyMiddleware(MarkRequest)
    @below
    async crash(): Promise<void> {
      called('crash');
      throw new Error('crashed');
    }

    @Get('/invoices')
    async list(): Promise<object> {
      return countInvoices();
    }
  }
  return Invoices;
}
