import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  Middlewares,
  Path,
  Post,
  Produces,
  Res,
  Response,
  Route,
  Security,
  SuccessResponse,
} from 'tsoa';
import type { TsoaResponse } from 'tsoa';
import { AutoBackup, BackupService } from 'sqlite-autobackup';
import { Service } from 'typedi';
import * as app from '../../support/app.js';
import { HttpError, middleware } from './http.js';
import type { NewInvoice } from './http.js';

const options = app.serviceFromContainer ? { service: (self: AboveInvoices) => self.backups } : {};

// One a request: a tsoa controller keeps the status and headers of its answer.
@Service({ transient: true })
@Route('above')
export class AboveInvoices extends Controller {
  constructor(readonly backups: BackupService) {
    super();
  }

  @AutoBackup(options)
  @Post('invoices')
  @SuccessResponse(201)
  @Security('user')
  @Middlewares(middleware)
  async create(@Body() invoice: NewInvoice, @Header('x-user') user: string) {
    return app.createInvoice(invoice, user);
  }

  @AutoBackup(options)
  @Delete('invoices/{id}')
  @SuccessResponse(204)
  @Security('user', ['admin'])
  @Response(404)
  async remove(@Path() id: number): Promise<void> {
    if (!app.removeInvoice(id)) throw new HttpError(404, `There is no invoice ${id}.`);
  }

  @AutoBackup(options)
  @Post('report')
  @Produces('text/csv')
  async report(): Promise<Readable> {
    this.setHeader('content-type', 'text/csv');
    return app.reportStream();
  }

  @AutoBackup(options)
  @Post('moved')
  @Response(302)
  async moved(@Res() redirect: TsoaResponse<302, void, { location: string }>): Promise<void> {
    app.called('moved');
    redirect(302, undefined, { location: '/somewhere' });
  }

  @AutoBackup(options)
  @Post('broken')
  @Response(409)
  async broken(): Promise<void> {
    app.called('broken');
    throw new HttpError(409, 'The invoice was paid already.');
  }

  @AutoBackup(options)
  @Post('crash')
  @Response(500)
  async crash(): Promise<void> {
    app.called('crash');
    throw new Error('a bug');
  }

  @Get('invoices')
  async count() {
    return app.countInvoices();
  }
}
