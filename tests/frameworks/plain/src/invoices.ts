import { AutoBackup } from 'sqlite-autobackup';
import * as app from '../../support/app.js';
import { contentType, get, header, HttpError, loggedIn, post, Redirect, remove, role, valid } from './http.js';
import type { Call } from './http.js';

interface NewInvoice {
  customer: string;
  total: number;
}

function isInvoice(body: unknown): boolean {
  const { customer, total } = body as Partial<NewInvoice>;
  return typeof customer === 'string' && customer !== '' && typeof total === 'number' && total >= 0;
}

const unchanged: ReturnType<typeof AutoBackup> = (() => {}) as never;

/** The same class, with @AutoBackup() in one of three places, or nowhere. */
export function invoices(edition: string): object {
  const at = (place: string) => (place === edition ? AutoBackup() : unchanged);

  class Invoices {
    // Out of reach for anything but the class: the wrapper passes on the object itself.
    readonly #remove = app.removeInvoice;

    @at('above')
    @post('/invoices', 201)
    @at('between')
    @loggedIn
    @valid(isInvoice)
    @header('x-middleware', 'ran')
    @at('below')
    async create({ body, user }: Call<NewInvoice>) {
      return app.createInvoice(body, user);
    }

    @at('above')
    @remove('/invoices/:id')
    @at('between')
    @role('admin')
    @at('below')
    async remove({ id }: Call): Promise<void> {
      if (!this.#remove(id)) throw new HttpError(404, `There is no invoice ${id}.`);
    }

    @at('above')
    @post('/report')
    @at('between')
    @contentType('text/csv')
    @at('below')
    async report() {
      return app.reportStream();
    }

    @at('above')
    @post('/moved')
    @at('between')
    @header('cache-control', 'no-store')
    @at('below')
    async moved() {
      app.called('moved');
      return new Redirect('/somewhere');
    }

    @at('above')
    @post('/broken')
    @at('between')
    @header('cache-control', 'no-store')
    @at('below')
    async broken(): Promise<void> {
      app.called('broken');
      throw new HttpError(409, 'The invoice was paid already.');
    }

    @at('above')
    @post('/crash')
    @at('between')
    @header('cache-control', 'no-store')
    @at('below')
    async crash(): Promise<void> {
      app.called('crash');
      throw new Error('a bug');
    }

    @get('/invoices')
    async count() {
      return app.countInvoices();
    }
  }
  return new Invoices();
}
