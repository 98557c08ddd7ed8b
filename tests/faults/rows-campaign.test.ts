import { comparePair } from '../support/row-campaign';
import { useTempFolder } from '../support/temp-folder';

// The long run: ROWS_ROUNDS=1000 npx jest --selectProjects faults --testPathPatterns rows-campaign
const ROUNDS = Number(process.env['ROWS_ROUNDS'] ?? 60);
const folder = useTempFolder();

test('a diff of many random pairs of databases equals a full comparison of all their rows, and what was removed comes back', async () => {
  for (let seed = 10_000; seed < 10_000 + ROUNDS; seed++) {
    const { found, expected } = await comparePair(folder.path, seed);
    expect({ seed, found }).toEqual({ seed, found: expected });
  }
});
