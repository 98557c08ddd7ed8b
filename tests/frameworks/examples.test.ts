// The first example of each page in docs/frameworks is run as it stands there: only its database is another, and its port.
// docs.test.ts compiles all of them; tsoa's routes are generated, and a plain class has none.
import path from 'node:path';
import { startApp } from './app-process';
import { buildExample } from './page-example';

/** App, page, and what the example answers: to nobody (if it asks for a login), and to a user. */
const EXAMPLES: readonly (readonly [app: string, page: string, nobody: number | undefined, user: number])[] = [
  ['express', 'express.md', 401, 201],
  ['fastify', 'fastify.md', 401, 200],
  ['foal', 'foal.md', 401, 201],
  ['inversify', 'inversify.md', 401, 200],
  ['loopback', 'loopback.md', 401, 200],
  ['nestjs', 'nestjs.md', undefined, 201],
  ['nestjs-12', 'nestjs.md', undefined, 201],
  ['routing-controllers', 'routing-controllers.md', 401, 200],
  ['tsed', 'tsed.md', 401, 201],
];

test.each(EXAMPLES)(
  '%s: the first example of %s takes a backup before the first invoice',
  async (name, page, ...expected) => {
    const [nobody, user] = expected;
    const cwd = path.join(__dirname, name);
    const app = await startApp({
      cwd,
      args: ['--require', '../support/announce-port.js', buildExample({ cwd, page })],
      service: 'default',
    });
    const post = (headers: Record<string, string>) =>
      fetch(`${app.url}/invoices`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ customer: 'Ana', total: 3 }),
      });
    try {
      if (nobody !== undefined) {
        expect((await post({})).status).toBe(nobody);
        expect(app.backups()).toEqual([]);
      }
      for (let i = 0; i < 2; i++) {
        const response = await post({ 'x-user': 'ana' });
        expect([response.status, await response.text()]).toEqual([user, expect.stringContaining('Ana')]);
        expect(app.backups()).toEqual([expect.objectContaining({ label: expect.stringMatching(/create/) as string })]);
      }
    } finally {
      expect({ code: await app.stop(), output: app.output() }).toMatchObject({ code: 0 });
    }
  },
);
