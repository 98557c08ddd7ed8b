import { validate } from '../../util/validate.js';
import { withSourceRecipe } from '../database-source.js';
import type { DatabaseFacts, DatabaseSource } from '../database-source.js';
import { Cluster, hostOf } from './cluster.js';
import { schemaOf } from './options.js';
import type { RqliteOptions } from './options.js';
import { loadBackup } from './load-backup.js';
import { readSnapshot } from './read-snapshot.js';

/**
 * The database of an rqlite cluster (version 8), for the `database` option. Backups are read from the leader, whichever node
 * that is, and hold all that was acknowledged before they began. The `directory` option is required with it.
 *
 * @example
 * configureAutoBackup({
 *   database: rqlite({ nodes: ['http://10.0.0.1:4001', 'http://10.0.0.2:4001'], name: 'shop.db' }),
 *   directory: '/var/backups/shop',
 * });
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function rqlite(options: RqliteOptions): DatabaseSource {
  const { name, nodes, auth, tls, timeout, leaderTimeout } = validate('rqlite', schemaOf, options);
  const authorization = auth && `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  const connection = { tls, authorization, silenceMs: timeout };
  const cluster = new Cluster(nodes, connection, leaderTimeout);
  const scheme = new URL(nodes[0]!).protocol;
  const source: Omit<DatabaseSource, 'recipe'> = {
    name,
    description: `rqlite at ${scheme}//${nodes.map(hostOf).join(',')} (${name})`,

    async inspect({ remainingMs }): Promise<DatabaseFacts> {
      const { pageSize, pageCount } = await cluster.status(await cluster.findLeader(remainingMs()));
      // rqlite opens its database in no other mode.
      return { journalMode: 'wal', pageSize, pageCount };
    },
    snapshot: (target) => readSnapshot(cluster, target),
    restore: (backup, control) => loadBackup(cluster, backup, control),
  };
  return withSourceRecipe(source, { module: __filename, name: 'rqlite', args: [options] });
}
