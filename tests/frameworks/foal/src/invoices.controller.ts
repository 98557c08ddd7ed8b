import {
  ApiResponse,
  Delete,
  dependency,
  Get,
  HttpResponseConflict,
  HttpResponseCreated,
  HttpResponseNoContent,
  HttpResponseNotFound,
  HttpResponseOK,
  HttpResponseRedirect,
  Post,
  UserRequired,
  ValidateBody,
  ValidatePathParam,
} from '@foal/core';
import type { Class, Context } from '@foal/core';
import { BackupService } from 'sqlite-autobackup';
import { called, countInvoices, createInvoice, removeInvoice, reportStream } from '../../support/app.js';
import { decoratorsOf } from './edition.js';
import type { Edition } from './edition.js';
import { Login, Mark, RoleRequired } from './hooks.js';

interface NewInvoice {
  customer: string;
  total: number;
}

const NEW_INVOICE = {
  type: 'object',
  properties: { customer: { type: 'string', minLength: 1 }, total: { type: 'number', minimum: 0 } },
  required: ['customer', 'total'],
};

/** The same controller in each edition, but for where `@AutoBackup()` stands. */
export function invoicesController(edition: Edition): Class {
  const { above, between, below } = decoratorsOf(edition);

  @Login()
  class Invoices {
    @dependency
    readonly backups!: BackupService;

    @above
    @Post('/invoices')
    @UserRequired()
    @between
    @ValidateBody(NEW_INVOICE)
    @ApiResponse(201, { description: 'The invoice.' })
    @Mark()
    @below
    async create(
      { user }: Context<{ name: string }>,
      _params: object,
      invoice: NewInvoice,
    ): Promise<HttpResponseCreated> {
      return new HttpResponseCreated(createInvoice(invoice, user.name));
    }

    @above
    @Delete('/invoices/:id')
    @UserRequired()
    @between
    @RoleRequired('admin')
    @ValidatePathParam('id', { type: 'integer' })
    @below
    async remove(_ctx: Context, { id }: { id: number }): Promise<HttpResponseNoContent | HttpResponseNotFound> {
      return removeInvoice(id)
        ? new HttpResponseNoContent()
        : new HttpResponseNotFound({ message: `no invoice ${id}` });
    }

    @above
    @Post('/report')
    @between
    @Mark()
    @below
    async report(): Promise<HttpResponseOK> {
      return new HttpResponseOK(reportStream(), { stream: true }).setHeader('Content-Type', 'text/csv');
    }

    @above
    @Post('/moved')
    @between
    @Mark()
    @below
    async moved(): Promise<HttpResponseRedirect> {
      called('moved');
      return new HttpResponseRedirect('/somewhere');
    }

    @above
    @Post('/broken')
    @between
    @Mark()
    @below
    async broken(): Promise<HttpResponseConflict> {
      called('broken');
      return new HttpResponseConflict({ message: 'locked' });
    }

    @above
    @Post('/crash')
    @between
    @Mark()
    @below
    async crash(): Promise<HttpResponseOK> {
      called('crash');
      throw new Error('crashed');
    }

    @Get('/invoices')
    async list(): Promise<HttpResponseOK> {
      return new HttpResponseOK(countInvoices());
    }
  }
  return Invoices;
}
