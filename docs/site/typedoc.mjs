// The API reference as Markdown, with the same entry points and rules as `npm run docs:api`.
import path from 'node:path';
import { PAGES, ROOT, SITE } from './pages.mjs';

/** @type {Partial<import('typedoc').TypeDocOptions> & Record<string, unknown>} */
export default {
  extends: [path.join(ROOT, 'typedoc.json')],
  plugin: [path.join(SITE, 'node_modules', 'typedoc-plugin-markdown', 'dist', 'index.js')],
  out: path.join(PAGES, 'api'),
  entryFileName: 'index',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: 'table',
};
