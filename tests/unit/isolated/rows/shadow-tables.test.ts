import { belongsTo } from '#dist/isolated/rows/shadow-tables.js';

const virtual = (name: string, using: string, quoted = name) => ({
  name,
  sql: `CREATE VIRTUAL TABLE ${quoted} USING ${using} (a, b)`,
});

test.each([
  ['notes_data', virtual('notes', 'fts5')],
  ['NOTES_Content', virtual('notes', 'FTS4')],
  ['a USING b_node', virtual('a USING b', '"rtree"', '"a USING b"')],
  ['v_vector_chunks00', virtual('v', 'vec0')],
  ['v_metadatatext15', virtual('v', 'vec0')],
])('%s belongs to its virtual table', (name, table) => {
  expect(belongsTo(name, [table])).toEqual({ virtual: table.name, how: 'certainly' });
});

test.each(['notes', 'notesdata', 'notes_archive', 'notes_data_old', 'other_data'])(
  '%s is a table of the app beside an index "notes"',
  (name) => {
    expect(belongsTo(name, [virtual('notes', 'fts5')])).toBeUndefined();
  },
);

test('a module that nobody knows may have called it so; one that is known is sure', () => {
  const unknown = virtual('notes', 'vss0');
  expect(belongsTo('notes_archive', [unknown])).toEqual({ virtual: 'notes', how: 'perhaps' });
  expect(belongsTo('notes_x_data', [unknown, virtual('notes_x', 'fts5')])).toEqual({
    virtual: 'notes_x',
    how: 'certainly',
  });
});
