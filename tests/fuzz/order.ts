/** What a process that tries one target is told. */
export interface Order {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  /** At most so many new inputs: the same ones on every machine. */
  readonly tries: number;
  /** Tried first, and changed further. */
  readonly inputs: readonly unknown[];
  /** Where it writes each input before it tries it. */
  readonly current: string;
}

export interface Crash {
  readonly input: unknown;
  readonly problem: string;
}

/** What it has found. */
export interface Outcome {
  readonly tries: number;
  /** Each answer with the first input that it came of. */
  readonly answers: readonly (readonly [answer: string, input: unknown])[];
  readonly crashes: readonly Crash[];
}
