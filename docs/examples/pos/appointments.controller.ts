import { Body, Controller, Get, Param, ParseIntPipe, Post, UseGuards } from '@nestjs/common';
import { IsInt, Max, Min } from 'class-validator';
import { AutoBackup } from 'sqlite-autobackup';
import { LoginGuard } from './auth';
import { Shop } from './database';
import type { Appointment, Invoice } from './database';

class Finish {
  @IsInt()
  @Min(0)
  @Max(10_000_000)
  priceCents!: number;
}

@Controller('appointments')
export class AppointmentsController {
  constructor(private readonly shop: Shop) {}

  @Get()
  @UseGuards(LoginGuard)
  async all(): Promise<Appointment[]> {
    return this.shop.appointments();
  }

  @Post(':id/finish')
  @UseGuards(LoginGuard)
  @AutoBackup()
  async finish(@Param('id', ParseIntPipe) id: number, @Body() { priceCents }: Finish): Promise<Invoice> {
    return this.shop.finishAppointment(id, priceCents);
  }
}
