import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Injectable, Post, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { IsString } from 'class-validator';

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

  open(): string {
    const token = randomUUID();
    this.tokens.add(token);
    return token;
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
    if (user !== DEMO_LOGIN.user || password !== DEMO_LOGIN.password) throw new UnauthorizedException();
    return { token: this.sessions.open() };
  }
}

/** Lets a request through if it has `Authorization: Bearer <token from /login>`. */
@Injectable()
export class LoginGuard implements CanActivate {
  constructor(private readonly sessions: Sessions) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (!this.sessions.has(token)) throw new UnauthorizedException();
    return true;
  }
}
