import { Hook, HttpResponseForbidden } from '@foal/core';
import type { HookDecorator } from '@foal/core';

/** Who sends the request: `@UserRequired()`, Foal's own, looks whether there is somebody. */
export function Login(): HookDecorator {
  return Hook((ctx) => {
    const name = ctx.request.get('x-user');
    ctx.user = name === undefined ? null : { name };
  });
}

export function RoleRequired(role: string): HookDecorator {
  return Hook((ctx) => (ctx.request.get('x-role') === role ? undefined : new HttpResponseForbidden()));
}

export function Mark(): HookDecorator {
  return Hook(() => (response) => {
    response.setHeader('x-middleware', 'ran');
  });
}
