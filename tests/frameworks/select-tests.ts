/** What `npm run test:frameworks -- NAME …` means. */
export interface Selection {
  /** The folders to install and build. */
  readonly prepared: readonly string[];
  /** The folders whose own tests run: the rows of the table. */
  readonly tested: readonly string[];
  /** For jest; none: all tests. */
  readonly patterns: readonly string[];
}

/**
 * A test file is called after the app that it drives (`express.test.ts`, `pitfalls.compilers.test.ts`). One that belongs to
 * no app, as `docs.test.ts`, drives several: for it all of them are prepared.
 *
 * @param names what was asked for; none: everything
 * @throws Error for a name that no test file begins with
 */
export function selectTests(
  names: readonly string[],
  apps: readonly string[],
  testFiles: readonly string[],
): Selection {
  if (names.length === 0) return { prepared: apps, tested: apps, patterns: [] };
  const unknown = names.filter((name) => !testFiles.some((file) => file.startsWith(`${name}.`)));
  if (unknown.length > 0) {
    const known = testFiles.map((file) => file.replace(/\.test\.ts$/, '')).join(', ');
    throw new Error(
      `tests/frameworks has no tests named ${unknown.join(', ')}. It has: ${known}. An option's value goes after "=".`,
    );
  }
  const selected = testFiles.filter((file) => names.some((name) => file.startsWith(`${name}.`)));
  const tested = apps.filter((app) => selected.some((file) => file.startsWith(`${app}.`)));
  const ownedByAnApp = selected.every((file) => apps.some((app) => file.startsWith(`${app}.`)));
  const patterns = names.map((name) => `/frameworks/${name.replaceAll('.', '\\.')}\\.`);
  return { prepared: ownedByAnApp ? tested : apps, tested, patterns };
}
