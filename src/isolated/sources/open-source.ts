import type { DatabaseSource, SourceRecipe } from '../../sources/database-source.js';
import { fileSource } from './file-source.js';

/** Which database a request is about: a file, or what the recipe makes. */
export interface SourceRequest {
  /** Absolute path of the file; of another source the path that names its backups, where no file need be. */
  readonly database: string;
  readonly source?: SourceRecipe | undefined;
}

/** @param idleWal of a file: a WAL database that nobody has open */
export function openSource(
  { database, source }: SourceRequest,
  idleWal?: boolean,
): Pick<DatabaseSource, 'inspect' | 'snapshot'> {
  return source ? makeSource(source) : fileSource(database, idleWal);
}

/** The source that a recipe makes. */
export function makeSource({ module, name, args }: SourceRecipe): DatabaseSource {
  const made = require(module) as Record<string, (...args: readonly unknown[]) => DatabaseSource>;
  return made[name]!(...args);
}
