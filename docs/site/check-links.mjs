// VitePress refuses a link to a page that is not there. This looks at headings, pictures and scripts as well, in what was built.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { OUTPUT } from './pages.mjs';

/** The links of a built site that lead nowhere: "page: address". */
export function deadLinks(folder) {
  const names = fs.readdirSync(folder, { recursive: true }).map((name) => name.replaceAll(path.sep, '/'));
  const pages = new Map(
    names
      .filter((name) => name.endsWith('.html'))
      .map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]),
  );
  const files = new Set(names);
  const ids = new Map([...pages].map(([name, html]) => [name, new Set(valuesOf('id', html))]));
  const base = baseOf(pages.get('index.html'));
  return [...pages].flatMap(([page, html]) =>
    [...valuesOf('href', html), ...valuesOf('src', html)]
      .filter((address) => isDead(page, address))
      .map((address) => `${page}: ${address}`),
  );

  function isDead(page, address) {
    const { origin, pathname, hash } = new URL(address, `http://site${base}${page}`);
    if (origin !== 'http://site') return false;
    if (!pathname.startsWith(base)) return true;
    const target = decodeURIComponent(pathname.slice(base.length)).replace(/(^|\/)$/, '$1index.html');
    if (!files.has(target)) return true;
    return hash !== '' && !ids.get(target)?.has(decodeURIComponent(hash.slice(1)));
  }
}

/** Where the site is to be served: its start page says so. */
function baseOf(startPage) {
  return /<script type="module" src="(.*?)assets\//.exec(startPage)[1];
}

function valuesOf(attribute, html) {
  return [...html.matchAll(new RegExp(`<[^>]*\\s${attribute}="([^"]*)"`, 'g'))].map(([, value]) =>
    value.replaceAll('&amp;', '&'),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const dead = deadLinks(OUTPUT);
  for (const each of dead) console.error(`dead link in ${each}`);
  if (dead.length > 0) process.exitCode = 1;
}
