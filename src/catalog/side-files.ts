/** The suffixes of the files that SQLite keeps beside a database (sqlite.org/tempfiles.html). */
export const SIDE_FILES = ['-journal', '-wal', '-shm'] as const;

/** A database and its side files. */
export function databaseFiles(database: string): string[] {
  return ['', ...SIDE_FILES].map((suffix) => database + suffix);
}
