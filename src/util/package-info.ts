import fs from 'node:fs';
import path from 'node:path';

/** Reads what the code needs from this package's own package.json. */
export function packageInfo(): { readonly version: string; readonly engines: { readonly node: string } } {
  const file = path.join(__dirname, '..', '..', 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')) as ReturnType<typeof packageInfo>;
}
