import { fold } from './names.js';

const RTREE = /^(node|rowid|parent)$/;
/** What the modules call the tables that they keep beside a virtual one (xShadowName), after its name and an underscore. */
const SUFFIXES: Readonly<Record<string, RegExp>> = {
  fts3: /^(content|segments|segdir|docsize|stat)$/,
  fts4: /^(content|segments|segdir|docsize|stat)$/,
  fts5: /^(data|idx|content|docsize|config)$/,
  rtree: RTREE,
  rtree_i32: RTREE,
  geopoly: RTREE,
  vec0: /^(rowids|chunks|auxiliary|info|(vector_chunks|metadatachunks|metadatatext)\d\d)$/,
};

const MODULE =
  /^\s*CREATE\s+VIRTUAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*'|\S+)\s*USING\s+["'`[]?(\w+)/i;

export interface Owner {
  readonly virtual: string;
  readonly how: 'certainly' | 'perhaps';
}

/**
 * Does an ordinary table belong to one of the virtual tables? `perhaps`: it has the name of one, and nobody here knows that module.
 * An app has `notes_archive` beside the index `notes`, so that the name's beginning alone says nothing.
 */
export function belongsTo(
  name: string,
  virtuals: readonly { readonly name: string; readonly sql: string }[],
): Owner | undefined {
  const found = virtuals.flatMap(({ name: virtual, sql }): Owner[] => {
    if (!fold(name).startsWith(`${fold(virtual)}_`)) return [];
    const suffixes = SUFFIXES[fold(MODULE.exec(sql)?.[1] ?? '')];
    if (!suffixes) return [{ virtual, how: 'perhaps' }];
    return suffixes.test(fold(name.slice(virtual.length + 1))) ? [{ virtual, how: 'certainly' }] : [];
  });
  return found.find(({ how }) => how === 'certainly') ?? found[0];
}
