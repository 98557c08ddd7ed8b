import { authenticate } from '@loopback/authentication';
import { authorize } from '@loopback/authorization';
import { inject, intercept } from '@loopback/core';
import type { Constructor } from '@loopback/core';
import { model, property } from '@loopback/repository';
import { del, get, getModelSchemaRef, HttpErrors, param, post, requestBody, RestBindings } from '@loopback/rest';
import type { Response } from '@loopback/rest';
import { SecurityBindings } from '@loopback/security';
import type { UserProfile } from '@loopback/security';
import { BackupService } from 'sqlite-autobackup';
import { called, countInvoices, createInvoice, removeInvoice, reportStream } from '../../support/app.js';
import { decoratorsOf } from './edition.js';
import type { Edition } from './edition.js';
import { mark } from './security.js';

@model()
class NewInvoice {
  @property({ required: true, jsonSchema: { minLength: 1 } })
  customer!: string;

  @property({ required: true, jsonSchema: { minimum: 0 } })
  total!: number;
}

/** The same controller in each edition, but for where `@AutoBackup()` stands. */
export function invoicesController(edition: Edition): Constructor<unknown> {
  const { above, between, below } = decoratorsOf(edition);

  class Invoices {
    constructor(
      @inject(RestBindings.Http.RESPONSE) private readonly response: Response,
      @inject('services.backups') readonly backups: BackupService,
    ) {}

    @above
    @authenticate('header')
    @post(`/${edition}/invoices`, { responses: { 201: { description: 'The invoice' } } })
    @between
    @intercept(mark)
    @below
    async create(
      @requestBody({ required: true, content: { 'application/json': { schema: getModelSchemaRef(NewInvoice) } } })
      invoice: NewInvoice,
      @inject(SecurityBindings.USER) user: UserProfile,
    ): Promise<object> {
      this.response.status(201);
      return createInvoice(invoice, user.name!);
    }

    @above
    @authenticate('header')
    @del(`/${edition}/invoices/{id}`, { responses: { 204: { description: 'Removed' } } })
    @between
    @authorize({ allowedRoles: ['admin'] })
    @below
    async remove(@param.path.integer('id') id: number): Promise<void> {
      if (!removeInvoice(id)) throw new HttpErrors.NotFound(`no invoice ${id}`);
    }

    @above
    @post(`/${edition}/report`, { responses: { 200: { description: 'All invoices', content: { 'text/csv': {} } } } })
    @between
    @intercept(mark)
    @below
    async report(): Promise<Response> {
      return reportStream().pipe(this.response.type('text/csv'));
    }

    @above
    @post(`/${edition}/moved`, { responses: { 303: { description: 'To somewhere' } } })
    @between
    @intercept(mark)
    @below
    async moved(): Promise<Response> {
      called('moved');
      this.response.redirect(303, '/somewhere');
      return this.response;
    }

    @above
    @post(`/${edition}/broken`)
    @between
    @intercept(mark)
    @below
    async broken(): Promise<void> {
      called('broken');
      throw new HttpErrors.Conflict('locked');
    }

    @above
    @post(`/${edition}/crash`)
    @between
    @intercept(mark)
    @below
    async crash(): Promise<void> {
      called('crash');
      throw new Error('crashed');
    }

    @get(`/${edition}/invoices`)
    async list(): Promise<object> {
      return countInvoices();
    }
  }
  return Invoices;
}
