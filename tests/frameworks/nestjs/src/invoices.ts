import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Injectable,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Redirect,
  StreamableFile,
  UseGuards,
  UseInterceptors,
  createParamDecorator,
} from '@nestjs/common';
import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiCreatedResponse, ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsNumber, IsString, Min } from 'class-validator';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { AutoBackup } from 'sqlite-autobackup';
import { AutoBackup as NestAutoBackup } from 'sqlite-autobackup/nestjs';
import * as app from '../../support/app.js';

const autoBackup: () => ReturnType<typeof AutoBackup> = app.serviceFromContainer ? NestAutoBackup : AutoBackup;
const unchanged: ReturnType<typeof AutoBackup> = (() => {}) as never;

class NewInvoice {
  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  customer!: string;

  @ApiProperty()
  @IsNumber()
  @Min(0)
  total!: number;
}

interface Incoming {
  readonly headers: Readonly<Record<string, string | undefined>>;
}
const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<Incoming>();

const Role = Reflector.createDecorator<string>();
const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext) => requestOf(context).headers['x-user'],
);

@Injectable()
class LoginGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = requestOf(context);
    const role = this.reflector.get(Role, context.getHandler());
    return headers['x-user'] !== undefined && (role === undefined || headers['x-role'] === role);
  }
}

class Middleware implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<{
      setHeader?(name: string, value: string): void;
      header(name: string, value: string): void;
    }>();
    response.header('x-middleware', 'ran');
    return next.handle();
  }
}

/** The same controller, with @AutoBackup() in one of three places, or nowhere. */
export function controller(edition: string): Type {
  const at = (place: string) => (place === edition ? autoBackup() : unchanged);

  @Controller(edition)
  class Invoices {
    @at('above')
    @Post('invoices')
    @ApiCreatedResponse({ type: NewInvoice })
    @at('between')
    @UseGuards(LoginGuard)
    @UseInterceptors(Middleware)
    @at('below')
    async create(@Body() invoice: NewInvoice, @CurrentUser() user: string) {
      return app.createInvoice(invoice, user);
    }

    @at('above')
    @Delete('invoices/:id')
    @HttpCode(204)
    @at('between')
    @Role('admin')
    @UseGuards(LoginGuard)
    @at('below')
    async remove(@Param('id', ParseIntPipe) id: number): Promise<void> {
      if (!app.removeInvoice(id)) throw new NotFoundException(`There is no invoice ${id}.`);
    }

    @at('above')
    @Post('report')
    @at('between')
    @Header('x-report', 'invoices')
    @at('below')
    async report(): Promise<StreamableFile> {
      return new StreamableFile(app.reportStream(), { type: 'text/csv' });
    }

    @at('above')
    @Post('moved')
    @at('between')
    @Redirect('/somewhere', 303)
    @at('below')
    async moved(): Promise<void> {
      app.called('moved');
    }

    @at('above')
    @Post('broken')
    @at('between')
    @HttpCode(202)
    @at('below')
    async broken(): Promise<void> {
      app.called('broken');
      throw new ConflictException('The invoice was paid already.');
    }

    @at('above')
    @Post('crash')
    @at('between')
    @HttpCode(202)
    @at('below')
    async crash(): Promise<void> {
      app.called('crash');
      throw new Error('a bug');
    }

    @at('above')
    @Post('observable')
    @at('between')
    @HttpCode(201)
    @at('below')
    async observable(): Promise<Observable<object>> {
      app.called('observable');
      return of({ observed: 3 });
    }

    @Get('invoices')
    async count() {
      return app.countInvoices();
    }
  }
  return Invoices;
}
