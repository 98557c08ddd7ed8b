// Starts a command with the terminal of this process, and passes on the signals that it would otherwise not have.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import os from 'node:os';
import { setTimeout } from '../util/timers.js';
import { CommandNotStarted } from './exit-codes.js';
import { takeSignals } from './signals.js';

interface Start {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Standard output is for one JSON document. */
  readonly json: boolean;
}

/**
 * Resolves with the command's exit code, as a shell has it: 128 and the number of the signal that ended it. Until then signals are
 * the command's: it may want to end in its own way, and what follows must be done all the same.
 */
export function startCommand({ command, env, json }: Start): Promise<number> {
  const [file, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, {
      env,
      stdio: ['inherit', json ? 2 : 'inherit', 'inherit'],
      // npx and its like are scripts there.
      shell: process.platform === 'win32',
    });
    const group = watchGroup();
    let passing = Promise.resolve();
    const release = takeSignals((name) => {
      const alreadyThere = group.alsoGot(name);
      // One after the other, so that they arrive in their order.
      passing = passing.then(async () => {
        if (!(await alreadyThere)) child.kill(name);
      });
    });
    const end = (): void => {
      release();
      group.end();
    };
    child.once('error', (error) => {
      end();
      reject(new CommandNotStarted(error));
    });
    child.once('exit', (code, name) => {
      end();
      resolve(code ?? 128 + (name ? os.constants.signals[name] : 0));
    });
  });
}

interface Group {
  /** Did the command have the signal already? */
  alsoGot(name: NodeJS.Signals): Promise<boolean>;
  end(): void;
}

/** What one kill() sends to a group arrives within this time, or nearly. */
const DELIVERY_MS = 20;

/**
 * A terminal sends Ctrl-C to each process of its group, as systemd sends SIGTERM to each of a service; `kill` sends one to this process
 * alone. Nothing here tells which it was, so a process of no other use is asked: one that has the signal is gone, and answers no more.
 */
function watchGroup(): Group {
  // There is no signal for one process alone on Windows.
  if (process.platform === 'win32') return { alsoGot: () => Promise.resolve(true), end: () => {} };
  let witness = startWitness();
  return {
    async alsoGot(name) {
      const asked = witness;
      // No `cat` here: what comes from the keyboard is for the whole group.
      if (!asked) return name === 'SIGINT' && process.stdin.isTTY;
      await new Promise<void>((resolve) => void setTimeout(resolve, DELIVERY_MS));
      const gone = await isGone(asked);
      // Of several signals at once, the first has ended it, and the others were sent in the same way.
      if (gone && witness === asked) witness = startWitness();
      return gone;
    },
    end: () => void witness?.kill('SIGKILL'),
  };
}

/** It ends with this process, whose end of the pipe is closed then. */
function startWitness(): ChildProcess | undefined {
  const witness = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  for (const each of [witness, witness.stdin, witness.stdout]) each.on('error', () => {});
  return witness.pid === undefined ? undefined : witness;
}

function isGone(witness: ChildProcess): Promise<boolean> {
  if (witness.exitCode !== null || witness.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    witness.once('exit', () => resolve(true));
    witness.stdout!.once('data', () => resolve(false));
    witness.stdin!.write('.');
  });
}
