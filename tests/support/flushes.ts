import fs from 'node:fs';

/** Tells of each file and folder that is flushed from now on, when it has been. Returns what ends that. */
export function watchFlushes(flushed: (file: string) => void): () => void {
  const files = new Map<number, string>();
  const open = fs.promises.open.bind(fs.promises);
  const opened = jest.spyOn(fs.promises, 'open').mockImplementation(async (file, ...rest) => {
    const handle = await open(file, ...rest);
    files.set(handle.fd, String(file));
    return handle;
  });
  const fsync = fs.fsync.bind(fs);
  const synced = jest.spyOn(fs, 'fsync').mockImplementation((descriptor, callback) => {
    const file = files.get(descriptor)!;
    fsync(descriptor, (error) => {
      flushed(file);
      callback(error);
    });
  });
  return () => {
    opened.mockRestore();
    synced.mockRestore();
  };
}
