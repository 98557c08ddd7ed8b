import type { AuthenticationStrategy } from '@loopback/authentication';
import { AuthorizationDecision } from '@loopback/authorization';
import type { Authorizer } from '@loopback/authorization';
import type { Interceptor } from '@loopback/core';
import { HttpErrors, RestBindings } from '@loopback/rest';
import type { Request } from '@loopback/rest';
import { securityId } from '@loopback/security';
import type { UserProfile } from '@loopback/security';

/** For `@authenticate('header')`. */
export class HeaderStrategy implements AuthenticationStrategy {
  readonly name = 'header';

  async authenticate(request: Request): Promise<UserProfile> {
    const name = request.get('x-user');
    if (name === undefined) throw new HttpErrors.Unauthorized('log in first');
    return { [securityId]: name, name, role: request.get('x-role') };
  }
}

/** For `@authorize({ allowedRoles: […] })`. */
export const byRole: Authorizer = async ({ principals }, { allowedRoles = [] }) =>
  principals.some(({ role }) => allowedRoles.includes(role as string))
    ? AuthorizationDecision.ALLOW
    : AuthorizationDecision.DENY;

/** For `@intercept(mark)`. */
export const mark: Interceptor = async (invocation, next) => {
  const result: unknown = await next();
  const response = await invocation.get(RestBindings.Http.RESPONSE);
  if (!response.headersSent) response.set('x-middleware', 'ran');
  return result;
};
