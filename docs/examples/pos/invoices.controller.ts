import { Body, Controller, Delete, Get, HttpCode, Param, ParseIntPipe, Post, UseGuards } from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayNotEmpty, IsArray, IsInt, IsNotEmpty, IsString, Max, Min, ValidateNested } from 'class-validator';
import { AutoBackup } from 'sqlite-autobackup';
import { LoginGuard } from './auth';
import { Shop } from './database';
import type { Invoice } from './database';

class InvoiceLine {
  @IsInt()
  productId!: number;

  @IsInt()
  @Min(1)
  @Max(1_000)
  quantity!: number;
}

class NewInvoice {
  @IsString()
  @IsNotEmpty()
  customer!: string;

  @IsArray()
  @ArrayNotEmpty()
  @ValidateNested({ each: true })
  @Type(() => InvoiceLine)
  lines!: InvoiceLine[];
}

@Controller('invoices')
export class InvoicesController {
  constructor(private readonly shop: Shop) {}

  @Get()
  @UseGuards(LoginGuard)
  async latest(): Promise<Invoice[]> {
    return this.shop.latestInvoices();
  }

  // Route, guard, backup: who is not logged in, or sends nonsense, is turned away before a backup is thought of.
  @Post()
  @UseGuards(LoginGuard)
  @AutoBackup()
  async create(@Body() invoice: NewInvoice): Promise<Invoice> {
    return this.shop.createInvoice(invoice.customer, invoice.lines);
  }

  @Delete(':id')
  @HttpCode(204)
  @UseGuards(LoginGuard)
  @AutoBackup()
  async remove(@Param('id', ParseIntPipe) id: number): Promise<void> {
    await this.shop.deleteInvoice(id);
  }
}
