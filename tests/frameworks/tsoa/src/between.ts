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

const options = app.serviceFromContainer ? { service: (self: BetweenInvoices) => self.backups } : {};

// One a request: a tsoa controller keeps the status and headers of its answer.
@Service({ transient: true })
@Route('between')
export class BetweenInvoices extends Controller {
  constructor(readonly backups: BackupService) {
    super();
  }

  @Post('invoices')
  @SuccessResponse(201)
  @AutoBackup(options)
  @Security('user')
  @Middlewares(middleware)
  async create(@Body() invoice: NewInvoice, @Header('x-user') user: string) {
    return app.createInvoice(invoice, user);
  }

  @Delete('invoices/{id}')
  @SuccessResponse(204)
  @AutoBackup(options)
  @Security('user', ['admin'])
  @Response(404)
  async remove(@Path() id: number): Promise<void> {
    if (!app.removeInvoice(id)) throw new HttpError(404, `There is no invoice ${id}.`);
  }

  @Post('report')
  @AutoBackup(options)
  @Produces('text/csv')
  async report(): Promise<Readable> {
    this.setHeader('content-type', 'text/csv');
    return app.reportStream();
  }

  @Post('moved')
  @AutoBackup(options)
  @Response(302)
  async moved(@Res() redirect: TsoaResponse<302, void, { location: string }>): Promise<void> {
    app.called('moved');
    redirect(302, undefined, { location: '/somewhere' });
  }

  @Post('broken')
  @AutoBackup(options)
  @Response(409)
  async broken(): Promise<void> {
    app.called('broken');
    throw new HttpError(409, 'The invoice was paid already.');
  }

  @Post('crash')
  @AutoBackup(options)
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
