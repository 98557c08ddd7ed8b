import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Injectable,
  Param,
  Post,
  Redirect,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { IsString } from 'class-validator';
import { STYLE } from './style';

/** As little of a login as a demo can do with. A real shop hashes passwords and lets tokens expire. */
export const DEMO_LOGIN = { user: 'till', password: 'open sesame' };

class Credentials {
  @IsString()
  user!: string;

  @IsString()
  password!: string;
}

@Injectable()
export class Sessions {
  private readonly tokens = new Set<string>();
  private readonly links = new Set<string>();

  open(): string {
    const token = randomUUID();
    this.tokens.add(token);
    return token;
  }

  /** A link that logs in whoever opens it first. */
  once(): string {
    const link = randomUUID();
    this.links.add(link);
    return link;
  }

  /** @returns a session, or `undefined` where the link was used before */
  redeem(link: string): string | undefined {
    return this.links.delete(link) ? this.open() : undefined;
  }

  has(token: string): boolean {
    return this.tokens.has(token);
  }
}

@Controller('login')
export class LoginController {
  constructor(private readonly sessions: Sessions) {}

  @Post()
  @HttpCode(200)
  login(@Body() { user, password }: Credentials): { token: string } {
    return { token: this.open(user, password) };
  }

  /** For people: a form, whose answer is a cookie and the way to the backups. */
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  form(): string {
    return LOGIN_FORM;
  }

  @Post('form')
  @Redirect('/backups', 303)
  submit(@Body() { user, password }: Credentials, @Res({ passthrough: true }) response: ServerResponse): void {
    response.setHeader('Set-Cookie', cookieOf(this.open(user, password)));
  }

  /** The link that the demo prints: no password to type. */
  @Get('once/:link')
  once(@Param('link') link: string, @Res({ passthrough: true }) response: ServerResponse): void {
    const session = this.sessions.redeem(link);
    if (session !== undefined) response.setHeader('Set-Cookie', cookieOf(session));
    response.statusCode = 303;
    response.setHeader('Location', session === undefined ? '/login' : '/');
  }

  private open(user: string, password: string): string {
    if (user !== DEMO_LOGIN.user || password !== DEMO_LOGIN.password) throw new UnauthorizedException();
    return this.sessions.open();
  }
}

const COOKIE = 'till';

/** Strict: other sites can't use the login, and scripts can't read it. */
function cookieOf(session: string): string {
  return `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict`;
}

const LOGIN_FORM = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Log in to the shop</title>
  <style>${STYLE}</style>
  <main>
  <h1>Welcome to the shop</h1>
  <form class="login" method="post" action="/login/form">
    <p>The terminal in which the demo runs has printed a link that logs you in, once. Or use the demo's own login:
      <b>${DEMO_LOGIN.user}</b>, <b>${DEMO_LOGIN.password}</b>.</p>
    <label>User <input name="user" autocomplete="username" required></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <button>Log in</button>
  </form>
  </main>
</html>`;

/** What a till sends as `Authorization: Bearer …`, and a browser as its cookie. */
export function tokenOf({ authorization, cookie }: IncomingHttpHeaders): string {
  return (
    authorization?.replace(/^Bearer /, '') ?? new RegExp(`(?:^|; )${COOKIE}=([^;]*)`).exec(cookie ?? '')?.[1] ?? ''
  );
}

/** Lets a request through if it has `Authorization: Bearer <token from /login>`, or the cookie of the login form. */
@Injectable()
export class LoginGuard implements CanActivate {
  constructor(private readonly sessions: Sessions) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>();
    if (!this.sessions.has(tokenOf(headers))) throw new UnauthorizedException();
    return true;
  }
}
