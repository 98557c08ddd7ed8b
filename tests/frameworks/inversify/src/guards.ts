import { UnauthorizedHttpResponse } from '@inversifyjs/http-core';
import type { InterceptorTransformObject } from '@inversifyjs/http-core';
import type { ExpressGuard, ExpressInterceptor, ExpressMiddleware } from '@inversifyjs/http-express';
import type { NextFunction, Request, Response } from 'express';
import { injectable } from 'inversify';

@injectable()
export class LoggedIn implements ExpressGuard {
  activate(request: Request): boolean {
    if (!request.headers['x-user']) throw new UnauthorizedHttpResponse({ message: 'log in first' });
    return true;
  }
}

/** Answers 403: inversify does that for a guard that says no. */
@injectable()
export class Admins implements ExpressGuard {
  activate(request: Request): boolean {
    return request.headers['x-role'] === 'admin';
  }
}

@injectable()
export class MarkRequest implements ExpressMiddleware {
  execute(_request: Request, response: Response, next: NextFunction): void {
    response.setHeader('x-middleware', 'ran');
    next();
  }
}

@injectable()
export class MarkAnswer implements ExpressInterceptor {
  async intercept(
    _request: Request,
    response: Response,
    next: () => Promise<InterceptorTransformObject>,
  ): Promise<void> {
    await next();
    response.setHeader('x-middleware', 'ran');
  }
}
