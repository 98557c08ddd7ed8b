// The pages are those of the repository, as build.mjs has laid them out; what leads through them is read from docs/README.md.
import path from 'node:path';
import { defineConfig } from 'vitepress';
import { apiModules, frameworks, githubSlug, groupsOfPages, OUTPUT, PAGES } from '../pages.mjs';

const groups = groupsOfPages().map(({ title, pages }) => ({
  text: title,
  items: pages.map(({ title: text, file }) =>
    file === 'docs/frameworks/README.md'
      ? {
          text,
          link: `/${file}`,
          collapsed: true,
          items: frameworks().map((each) => ({ text: each.title, link: `/${each.file}` })),
        }
      : { text, link: `/${file}` },
  ),
}));

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2563a8"/><path d="M9 10c0-4 14-4 14 0v12c0 4-14 4-14 0zm0 0c0 4 14 4 14 0" fill="none" stroke="#fff" stroke-width="2.5"/></svg>';

export default defineConfig({
  title: 'sqlite-autobackup',
  description: 'A verified backup of your SQLite database before a dangerous call, if the newest one is too old',
  lang: 'en',
  srcDir: PAGES,
  outDir: OUTPUT,
  cacheDir: path.join(PAGES, '..', 'cache'),
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  markdown: {
    anchor: { slugify: githubSlug },
    // A gray of the code's comments that is too pale to be read is not in these.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    languageAlias: { dockerignore: 'ini', gitignore: 'ini' },
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        // VitePress carries this function to the browser as text: it can use nothing from outside.
        miniSearch: { searchOptions: { boostDocument: (page) => (page.includes('/api/') ? 0.1 : 1) } },
      },
    },
    nav: [
      { text: 'Start', link: '/' },
      { text: 'Restore', link: '/docs/restore' },
      { text: 'Options', link: '/docs/service' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: { '/': groups, '/api/': [{ text: 'API reference', link: '/api/', items: apiModules() }] },
    outline: [2, 3],
    externalLinkIcon: true,
  },
});
