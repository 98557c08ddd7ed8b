// Tries one target for a while, in a process of its own: what ends or hangs it is told by who started it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomNumbers } from '../support/random';
import { removeFolder } from '../support/temp-folder';
import { chance, pick } from './mutate';
import { TARGETS } from './targets';
import type { Crash, Order, Outcome } from './order';

/** Of one cause there may be thousands. */
const MAX_CRASHES = 5;

async function main({ name, seed, seconds, tries: most, inputs, current }: Order): Promise<Outcome> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-fuzz-'));
  try {
    const target = await TARGETS[name]!.start(folder);
    const random = randomNumbers(seed);
    const pool = [...inputs];
    const answers = new Map<string, unknown>();
    const crashes = new Map<string, Crash>();
    let tries = 0;

    const attempt = async (input: unknown): Promise<void> => {
      fs.writeFileSync(current, JSON.stringify(input));
      tries++;
      try {
        const answer = await target.check(input);
        // What a promise that nobody waits for has thrown comes before the next input.
        await new Promise((resolve) => setImmediate(resolve));
        if (late.length > 0) throw late.shift();
        if (!answers.has(answer)) {
          answers.set(answer, input);
          pool.push(input);
        }
      } catch (error) {
        const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
        // One of each kind: the same line of the code, whatever the numbers in its message are.
        const kind = problem.replace(/\d+/g, '#').split('\n').slice(0, 4).join('\n');
        if (!crashes.has(kind)) crashes.set(kind, { input, problem });
      }
    };

    for (const input of inputs) await attempt(input);
    const until = Date.now() + seconds * 1000;
    while (tries < inputs.length + most && Date.now() < until && crashes.size < MAX_CRASHES) {
      const old = pool.length > 0 && chance(random, 0.7) ? pick(random, pool) : undefined;
      await attempt(target.make(random, old));
    }
    return { tries, answers: [...answers], crashes: [...crashes.values()] };
  } finally {
    await removeFolder(folder);
  }
}

const late: unknown[] = [];
process.on('unhandledRejection', (reason) => late.push(reason));
process.on('uncaughtException', (error) => late.push(error));

process.once('message', (order: Order) => {
  void main(order).then(
    (outcome) => process.send!(outcome, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
