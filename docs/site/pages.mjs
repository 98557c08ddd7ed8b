// Which pages there are, and where: read from the documents themselves, so that a new page needs no second list.
import fs from 'node:fs';
import path from 'node:path';

export const SITE = import.meta.dirname;
export const ROOT = path.join(SITE, '..', '..');
export const PAGES = path.join(ROOT, 'build', 'site', 'pages');
export const OUTPUT = path.join(ROOT, 'build', 'site', 'html');

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const linksIn = (text) => [...text.matchAll(/\[([^\]]+)\]\(([^)#:]+\.md)\)/g)];

/** The groups of docs/README.md: a title in bold, and links behind it. */
export function groupsOfPages() {
  const paragraphs = read('docs/README.md').split(/\n{2,}/);
  return paragraphs.flatMap((paragraph) => {
    const title = /^\*\*(.+?)\*\*:/.exec(paragraph)?.[1];
    if (title === undefined) return [];
    const pages = linksIn(paragraph).map(([, text, target]) => ({
      title: text[0].toUpperCase() + text.slice(1),
      file: path.posix.join('docs', target),
    }));
    return [{ title, pages }];
  });
}

/** The frameworks of docs/frameworks/README.md, each with what its line says behind the link. */
export function frameworks() {
  const lines = read('docs/frameworks/README.md').matchAll(/^- \[(.+?)\]\((.+?\.md)\)(.*)$/gm);
  return [...lines].map(([, name, target, rest]) => {
    const [, version, details] = /^((?: and| \d+)*)[\s,]*(.*)$/.exec(rest);
    return { title: name + version, file: path.posix.join('docs/frameworks', target), details };
  });
}

/** The address that GitHub and npm give a heading, so that a link to it works here as well. */
export function githubSlug(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The entry points of the API reference, and what each exports. */
export function apiModules() {
  const folder = path.join(PAGES, 'api');
  const foldersIn = (parent) =>
    fs.readdirSync(parent, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return foldersIn(folder).map((name) => {
    const kinds = foldersIn(path.join(folder, name));
    const items = kinds.flatMap((kind) =>
      fs.readdirSync(path.join(folder, name, kind)).map((file) => {
        const text = path.basename(file, '.md');
        return { text, link: `/api/${name}/${kind}/${text}` };
      }),
    );
    items.sort((a, b) => a.text.localeCompare(b.text));
    const text = name === 'index' ? 'sqlite-autobackup' : `sqlite-autobackup/${name}`;
    return { text, link: `/api/${name}/`, collapsed: true, items };
  });
}

/** What the site shows: the documents that are also on GitHub and in the package. */
export function pagesOfRepository() {
  const { files } = JSON.parse(read('package.json'));
  const documents = files.filter((pattern) => pattern.endsWith('.md') || pattern.startsWith('docs/'));
  return ['README.md', ...documents].flatMap((pattern) => {
    const folder = path.posix.dirname(pattern);
    if (pattern.includes('*')) {
      const names = fs.readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith('.md'));
      return names.map((name) => path.posix.join(folder, name));
    }
    if (pattern.endsWith('.md')) return [pattern];
    return fs.readdirSync(path.join(ROOT, pattern)).map((name) => path.posix.join(pattern, name));
  });
}

/** start-page.md, with a card for each framework. */
export function startPage() {
  const features = frameworks().map(({ title, details, file }) => ({ title, details, link: `/${file.slice(0, -3)}` }));
  return fs
    .readFileSync(path.join(SITE, 'start-page.md'), 'utf8')
    .replace('features: []', `features: ${JSON.stringify(features)}`);
}
