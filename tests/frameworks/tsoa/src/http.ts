import type { NextFunction, Request, Response } from 'express';

export interface NewInvoice {
  /** @minLength 1 */
  customer: string;
  /** @minimum 0 */
  total: number;
}

/** tsoa leaves errors to Express, which takes the status from `status`. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What `@Security()` calls. */
export async function expressAuthentication(request: Request, _name: string, scopes: string[] = []): Promise<string> {
  const user = request.header('x-user');
  if (!user) throw new HttpError(401, 'Log in first.');
  if (scopes.some((scope) => request.header('x-role') !== scope)) throw new HttpError(403, 'Not allowed.');
  return user;
}

export function middleware(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-middleware', 'ran');
  next();
}
