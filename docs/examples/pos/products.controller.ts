import { Body, Controller, Get, Param, ParseIntPipe, Patch, UseGuards } from '@nestjs/common';
import { IsInt, Max, Min } from 'class-validator';
import { AutoBackup } from 'sqlite-autobackup';
import { LoginGuard } from './auth';
import { Shop } from './database';
import type { Product } from './database';

class ProductEdit {
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  stock!: number;
}

@Controller('products')
export class ProductsController {
  constructor(private readonly shop: Shop) {}

  @Get()
  @UseGuards(LoginGuard)
  async all(): Promise<Product[]> {
    return this.shop.products();
  }

  @Patch(':id')
  @UseGuards(LoginGuard)
  @AutoBackup()
  async edit(@Param('id', ParseIntPipe) id: number, @Body() { stock }: ProductEdit): Promise<Product> {
    return this.shop.setStock(id, stock);
  }
}
