import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Sessions, tokenOf } from './auth';
import { STYLE } from './style';

/** The shop for people: its newest invoices, each with a button that deletes it, beside what the backups say meanwhile. */
@Controller()
export class ShopPageController {
  constructor(private readonly sessions: Sessions) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(@Req() { headers }: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse): string {
    if (this.sessions.has(tokenOf(headers))) return PAGE;
    response.statusCode = 303;
    response.setHeader('Location', '/login');
    return '';
  }
}

const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>The shop</title>
  <style>${STYLE}</style>
  <main>
    <h1>The shop</h1>
    <section aria-labelledby="invoices"><h2 id="invoices">Newest invoices</h2><ul id="list"></ul></section>
    <section aria-labelledby="backups"><h2 id="backups">Backups</h2>
      <p class="sentence" id="sentence" role="status"></p>
      <ul id="kept"></ul>
      <p><a href="/backups">Open the backups</a></p>
      <p><small>Deleting an invoice can't be undone, so the newest backup may be at most a week old. If it is older, one is taken
        before the method runs.</small></p>
    </section>
  </main>
  <script>
    const element = (id) => document.getElementById(id);
    const json = async (path) => (await fetch(path)).json();
    const item = (text, more) => {
      const line = document.createElement('li');
      line.append(Object.assign(document.createElement('span'), { textContent: text }), more);
      return line;
    };
    async function showInvoices() {
      const invoices = await json('/invoices');
      element('list').replaceChildren(...invoices.slice(0, 8).map(({ id, customer, totalCents }) => {
        const button = Object.assign(document.createElement('button'), { textContent: 'Delete invoice' });
        button.setAttribute('aria-label', 'Delete invoice ' + id);
        button.onclick = async () => {
          button.disabled = true;
          await fetch('/invoices/' + id, { method: 'DELETE' });
          await showInvoices();
        };
        return item('#' + id + ' · ' + customer + ' · ' + (totalCents / 100).toFixed(2) + ' €', button);
      }));
    }
    async function showBackups() {
      const { sentence } = await json('/backups/api/status');
      element('sentence').textContent = sentence;
      const backups = await json('/backups/api/backups');
      element('kept').replaceChildren(...backups.slice(0, 5).map(({ createdAt, label }) => {
        const small = Object.assign(document.createElement('small'), { textContent: label ?? '' });
        return item(new Date(createdAt).toLocaleString(), small);
      }));
    }
    const events = new EventSource('/backups/api/events');
    for (const name of ['changed', 'idle']) events.addEventListener(name, showBackups);
    showInvoices();
    showBackups();
  </script>
</html>`;
