import { isBackupError } from 'sqlite-autobackup';

/** Numbers from 0 to 1, the same ones for the same seed. */
export type Random = () => number;

/** One thing that is given inputs which nobody has thought of. */
export interface Target<Input = unknown> {
  /**
   * Makes an input: plain data, which becomes JSON in a file.
   *
   * @param old one that has shown something new; absent: out of nothing
   */
  make(random: Random, old?: Input): Input;
  /**
   * Tries an input.
   *
   * @returns what came of it, in few words: an input with an answer that was not there yet is kept, and changed further
   * @throws if the invariant of this target does not hold
   */
  check(input: Input): Promise<string>;
}

export interface TargetModule<Input = unknown> {
  /** What must hold, whatever the input is. */
  readonly invariant: string;
  /** @param folder an empty one for this target */
  start(folder: string): Promise<Target<Input>>;
}

/** What came of a call: `then` tells of its result; a BackupError is told by its code; anything else is thrown on. */
export async function answerOf<T>(call: () => Promise<T> | T, then: (result: T) => string): Promise<string> {
  let result: T;
  try {
    result = await call();
  } catch (error) {
    if (!isBackupError(error)) throw error;
    checkError(error.message, error.hint);
    return `${error.code} in ${error.step}`;
  }
  return then(result);
}

/** A person can read it, and it says what to do. What others wrote is made one line where it goes out: to a log, a terminal, a page. */
function checkError(message: string, hint: string): void {
  if (message.length > 20_000) throw new Error(`a message of ${message.length} characters`);
  if (hint === '') throw new Error(`no hint in: ${message}`);
}
