// The rooms of src/, lowest first. A room may import from those below it only; docs/architecture.md draws the same list,
// and a test compares the two. `isolated` runs in a child process: it may import what is below it, and of `child` only the
// protocols; nobody imports it.
export const LAYERS = [
  { room: 'util', uses: [] },
  { room: 'catalog', uses: ['util'] },
  { room: 'activity', uses: ['util', 'catalog'] },
  { room: 'retention', uses: ['util', 'catalog'] },
  { room: 'stores', uses: ['util', 'catalog', 'retention'] },
  { room: 'sources', uses: ['util', 'catalog', 'stores'] },
  { room: 'child', uses: ['util', 'catalog', 'stores', 'sources'] },
  {
    room: 'isolated',
    uses: ['util', 'catalog', 'stores', 'sources'],
    files: ['child/protocol.ts', 'child/rows-protocol.ts', 'child/ship-protocol.ts'],
  },
  { room: 'offsite', uses: ['util', 'catalog', 'retention', 'child', 'stores'] },
  { room: 'notify', uses: ['util', 'catalog'] },
  {
    room: 'service',
    uses: ['util', 'catalog', 'activity', 'retention', 'child', 'stores', 'sources', 'offsite', 'notify'],
  },
  { room: 'decorator', uses: ['util', 'service'] },
  { room: 'telemetry', uses: ['util', 'catalog', 'service'] },
  { room: 'nestjs', uses: ['util', 'catalog', 'service', 'decorator'] },
  { room: 'dashboard', uses: ['util', 'service'], files: ['index.ts'] },
  {
    room: 'cli',
    uses: ['util', 'catalog', 'retention', 'child', 'stores', 'offsite', 'service'],
    files: ['index.ts', 's3.ts'],
  },
  { room: 'testing', uses: ['util', 'catalog', 'stores', 'sources', 'child', 'service', 'decorator'] },
];

/** Zones for `import-x/no-restricted-paths`: for each room, everything in src/ that it may not import. */
export function layerZones() {
  return LAYERS.map(({ room, uses, files = [] }) => ({
    target: `./src/${room}`,
    from: './src',
    except: [room, ...uses, ...files].map((path) => `./${path}`),
    message:
      room === 'isolated'
        ? 'src/isolated/ uses catalog, stores, sources, util and child/protocol only.'
        : `src/${room}/ may import from ${uses.join(', ') || 'nothing else in src/'} only (docs/architecture.md).`,
  }));
}
