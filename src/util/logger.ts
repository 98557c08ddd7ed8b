import type * as winston from 'winston';
import { localTime } from './format.js';
import { lazy } from './lazy.js';
import { oneLine } from './printable.js';
import { callSafely } from './call-safely.js';
import { withoutSecrets } from './show.js';

/** Anything with these three methods: winston, pino, Nest's ConsoleLogger behind a small adapter, `console`. */
export interface Logger {
  /** A backup was made, copied, restored, verified. */
  info(message: string): unknown;
  /** Logs something that did not fail, but that somebody should look at. */
  warn(message: string): unknown;
  /** Logs an attempt that failed. */
  error(message: string): unknown;
}

/** A symbol, so that it is no method of a user's logger. */
export const LOAD = Symbol('load');

/** A logger that takes long to load can be told to load while there is nothing else to do. */
export interface LoadableLogger extends Logger {
  [LOAD]?(): void;
}

const library = lazy('winston', () => require('winston') as typeof winston);

type Level = keyof Logger;

/**
 * The default: winston to the console. It is loaded with the first line that is logged, since loading it takes longer
 * than everything else in this package together.
 */
export function winstonLogger(): LoadableLogger {
  let logger: winston.Logger | undefined;
  const load = (): winston.Logger => {
    const { createLogger, format, transports } = library();
    return createLogger({
      format: format.combine(
        // Local, as the names of backups are.
        format.timestamp({ format: () => localTime(new Date()) }),
        format.printf(({ timestamp, level, message }) => `${timestamp} ${level} [sqlite-autobackup] ${message}`),
      ),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types it as a value
      transports: [new transports.Console({ stderrLevels: ['error'] })],
    });
  };
  const write =
    (level: Level) =>
    (message: string): void =>
      void (logger ??= load())[level](message);
  return { info: write('info'), warn: write('warn'), error: write('error'), [LOAD]: () => void (logger ??= load()) };
}

/**
 * A logger that never throws: a full disk under the log file must not stop the operation that is being protected. Whatever
 * others have written into a message, it stays one line, and has no secret that can be told from other words.
 */
export function safeLogger(logger: LoadableLogger): Required<LoadableLogger> {
  // There is nowhere left to report it.
  const clean = (message: string): string => oneLine(withoutSecrets(message));
  return {
    info: (message) => callSafely(() => logger.info(clean(message))),
    warn: (message) => callSafely(() => logger.warn(clean(message))),
    error: (message) => callSafely(() => logger.error(clean(message))),
    [LOAD]: () => callSafely(() => logger[LOAD]?.()),
  };
}
