import { Readable } from 'node:stream';
import { Controller, inject, Intercept } from '@tsed/di';
import { Conflict, NotFound } from '@tsed/exceptions';
import { UseAuth, UseBefore } from '@tsed/platform-middlewares';
import { BodyParams, HeaderParams, PathParams } from '@tsed/platform-params';
import { Delete, Get, Min, MinLength, Post, Property, Redirect, Required, Returns, Status } from '@tsed/schema';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { BackupService } from 'sqlite-autobackup';
import { called, countInvoices, createInvoice, reportStream, removeInvoice } from '../../support/app.js';
import { decoratorsOf } from './edition.js';
import type { Edition } from './edition.js';
import { LoggedIn, MarkAnswer, MarkRequest } from './middlewares.js';

class NewInvoice {
  @Required()
  @MinLength(1)
  customer!: string;

  @Required()
  @Min(0)
  total!: number;
}

class Invoice extends NewInvoice {
  @Property()
  id!: number;

  @Property()
  user!: string;
}

/** The same controller in each edition, but for where `@AutoBackup()` stands. */
export function invoicesController(edition: Edition): new () => object {
  const { above, between, below } = decoratorsOf(edition);

  @Controller(`/${edition}`)
  class Invoices {
    readonly backups = inject(BackupService);

    @above
    @Post('/invoices')
    @UseAuth(LoggedIn)
    @between
    @UseBefore(MarkRequest)
    @Returns(201, Invoice)
    @below
    async create(@BodyParams() invoice: NewInvoice, @HeaderParams('x-user') user: string): Promise<Invoice> {
      return createInvoice(invoice, user);
    }

    @above
    @Delete('/invoices/:id')
    @UseAuth(LoggedIn, { role: 'admin' })
    @between
    @Status(204)
    @below
    async remove(@PathParams('id') id: number): Promise<void> {
      if (!removeInvoice(id)) throw new NotFound(`no invoice ${id}`);
    }

    // It replaces the method on the prototype.
    @above
    @Intercept(MarkAnswer)
    @Post('/report')
    @between
    @(Returns(200, String).ContentType('text/csv'))
    @below
    async report(): Promise<Readable> {
      return reportStream();
    }

    @above
    @Post('/moved')
    @between
    @Redirect('/somewhere')
    @below
    async moved(): Promise<void> {
      called('moved');
    }

    @above
    @Post('/broken')
    @between
    @UseBefore(MarkRequest)
    @below
    async broken(): Promise<void> {
      called('broken');
      throw new Conflict('locked');
    }

    @above
    @Post('/crash')
    @between
    @Intercept(MarkAnswer)
    @below
    async crash(): Promise<void> {
      called('crash');
      throw new Error('crashed');
    }

    @above
    @Post('/observable')
    @between
    @UseBefore(MarkRequest)
    @below
    async observable(): Promise<Observable<object>> {
      called('observable');
      return of({ observed: 3 });
    }

    @Get('/invoices')
    async list(): Promise<object> {
      return countInvoices();
    }
  }
  return Invoices;
}
