import { Catch, Inject, ServiceUnavailableException } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { refusalOf } from '../decorator/refusal.js';
import { BackupError } from '../util/errors.js';

/**
 * Answers a request whose method was not run for want of a backup: 503 with `Retry-After`, and nothing of what the error
 * says, which may be a path. Other errors of this package are answered as Nest answers any error. A filter of the app that
 * catches `BackupError`, or everything, comes first.
 */
@Catch(BackupError)
export class BackupRefusedFilter extends BaseExceptionFilter {
  /** Asked at each error: a testing module has its adapter after its providers. */
  readonly #host: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    super();
    this.#host = host;
  }

  override catch(error: BackupError, host: ArgumentsHost): unknown {
    const refusal = refusalOf(error);
    const exception = refusal && new ServiceUnavailableException(refusal.body, { cause: error });
    switch (host.getType<'http' | 'rpc' | 'ws' | 'graphql'>()) {
      case 'http':
        if (refusal) {
          const { retryAfter } = refusal;
          this.#host.httpAdapter.setHeader(host.switchToHttp().getResponse(), 'Retry-After', String(retryAfter));
        }
        super.catch(exception ?? error, host);
        return undefined;
      case 'graphql':
        return exception;
      case 'ws':
        // A filter of a gateway that returns has answered.
        host
          .switchToWs()
          .getClient<{ emit?: (event: string, answer: object) => void }>()
          .emit?.('exception', {
            status: 'error',
            message: refusal?.body.message ?? 'Internal server error',
          });
        return undefined;
      default:
        return undefined;
    }
  }
}
