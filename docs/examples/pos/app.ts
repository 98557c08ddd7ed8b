import { Logger, Module, ValidationPipe } from '@nestjs/common';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppointmentsController } from './appointments.controller';
import { LoginController, Sessions } from './auth';
import { Shop, ShopDatabase } from './database';
import { InvoicesController } from './invoices.controller';
import { ProductsController } from './products.controller';
import { ShopPageController } from './shop-page';

@Module({})
class AppModule {
  static forDatabase(open: () => Shop | Promise<Shop>): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        LoginController,
        InvoicesController,
        AppointmentsController,
        ProductsController,
        ShopPageController,
      ],
      providers: [Sessions, { provide: Shop, useFactory: open }],
    };
  }
}

/**
 * The point of sale, ready to listen.
 *
 * @param database a file, or what opens the shop's database elsewhere
 */
export async function createApp(database: string | (() => Promise<Shop>)): Promise<INestApplication> {
  const open = typeof database === 'string' ? (): Shop => new ShopDatabase(database) : database;
  Logger.overrideLogger(['warn', 'error']);
  const app = await NestFactory.create(AppModule.forDatabase(open));
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  return app;
}
