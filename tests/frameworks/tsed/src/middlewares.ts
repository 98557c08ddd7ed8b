import { context, Interceptor } from '@tsed/di';
import type { InterceptorContext, InterceptorMethods } from '@tsed/di';
import { Forbidden, Unauthorized } from '@tsed/exceptions';
import type { PlatformContext } from '@tsed/platform-http';
import { Middleware } from '@tsed/platform-middlewares';
import type { MiddlewareMethods } from '@tsed/platform-middlewares';
import { Context } from '@tsed/platform-params';

@Middleware()
export class LoggedIn implements MiddlewareMethods {
  use(@Context() $ctx: PlatformContext): void {
    const { role } = $ctx.endpoint.get<{ role?: string }>(LoggedIn) ?? {};
    if (!$ctx.request.get('x-user')) throw new Unauthorized('log in first');
    if (role && $ctx.request.get('x-role') !== role) throw new Forbidden(`only for the role ${role}`);
  }
}

@Middleware()
export class MarkRequest implements MiddlewareMethods {
  use(@Context() $ctx: PlatformContext): void {
    $ctx.response.setHeader('x-middleware', 'ran');
  }
}

@Interceptor()
export class MarkAnswer implements InterceptorMethods {
  async intercept({ next }: InterceptorContext): Promise<unknown> {
    const answer: unknown = await next();
    context<PlatformContext>().response.setHeader('x-middleware', 'ran');
    return answer;
  }
}

@Interceptor()
export class Closed implements InterceptorMethods {
  intercept(): never {
    throw new Forbidden('closed');
  }
}
