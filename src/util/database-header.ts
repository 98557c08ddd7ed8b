import fs from 'node:fs';

/**
 * Reads the first 100 bytes of a finished file (https://sqlite.org/fileformat2.html#the_database_header), zeros where it is
 * shorter. Reads without SQLite, which may write beside a file that it opens. Never for the live database: closing the
 * descriptor drops the locks that this process has on it.
 */
export function readHeader(file: string): Buffer {
  const header = Buffer.alloc(100);
  const descriptor = fs.openSync(file, 'r');
  try {
    fs.readSync(descriptor, header, 0, header.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  return header;
}

export function isSqlite(header: Buffer): boolean {
  return header.toString('latin1', 0, 16) === 'SQLite format 3\0';
}

export function pageSizeIn(header: Buffer): number {
  const size = header.readUInt16BE(16);
  return size === 1 ? 65_536 : size;
}

/**
 * Can a connection that is open not go on with a file of this text encoding? SQLite takes the lowest two bits of the field when
 * it opens a file, and nothing in them for UTF-8. When it reads the schema again, it compares them with the encoding that the
 * connection has, and each statement fails where they are nothing in a field that is not empty.
 */
export function breaksOpenConnections(header: Buffer): boolean {
  const field = header.readUInt32BE(56);
  return field !== 0 && (field & 3) === 0;
}

/** Lists oddities of a header that SQLite tolerates. */
export function headerFindings(header: Buffer): string[] {
  const field = header.readUInt32BE(56);
  if (field <= 3) return [];
  const broken = breaksOpenConnections(header) ? ', and open connections fail when the schema changes' : '';
  return [`the header gives the text encoding ${field}, where 1 to 3 are all there are${broken}`];
}

/** Does the header's number of pages hold? A writer older than SQLite 3.7 leaves it as it was, and the size of the file counts. */
export function isCounted(header: Buffer): boolean {
  return header.readUInt32BE(28) > 0 && header.readUInt32BE(24) === header.readUInt32BE(92);
}

/**
 * Lists the problems that the header of a finished database file shows: in its own fields, and in its size. SQLite's check reads
 * neither the content of overflow pages nor the size of the file, so this alone finds a file that was cut inside its last one.
 */
export function headerProblems(header: Buffer, sizeBytes: number): string[] {
  if (!isSqlite(header)) return ['it is not a SQLite database'];
  const pageSize = pageSizeIn(header);
  const isPower = (pageSize & (pageSize - 1)) === 0;
  if (pageSize < 512 || !isPower) return [`its header gives pages of ${pageSize} bytes, which SQLite does not have`];
  const problems: string[] = [];
  const [write, read] = [header[18]!, header[19]!];
  if (![1, 2].includes(write) || ![1, 2].includes(read)) {
    problems.push(`its header gives the format versions ${write} and ${read}, where 1 and 2 are all there are`);
  }
  const pages = isCounted(header) ? header.readUInt32BE(28) : Math.ceil(sizeBytes / pageSize);
  if (sizeBytes !== pages * pageSize) {
    problems.push(`it has ${sizeBytes} bytes, and ${pages} pages of ${pageSize} bytes are ${pages * pageSize}`);
  }
  return problems;
}
