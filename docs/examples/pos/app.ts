import { Logger, Module, ValidationPipe } from '@nestjs/common';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppointmentsController } from './appointments.controller';
import { LoginController, Sessions } from './auth';
import { ShopDatabase } from './database';
import { InvoicesController } from './invoices.controller';
import { ProductsController } from './products.controller';
import { ShopPageController } from './shop-page';

@Module({})
class AppModule {
  static forDatabase(file: string): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        LoginController,
        InvoicesController,
        AppointmentsController,
        ProductsController,
        ShopPageController,
      ],
      providers: [Sessions, { provide: ShopDatabase, useFactory: () => new ShopDatabase(file) }],
    };
  }
}

/** The point of sale, ready to listen. */
export async function createApp(database: string): Promise<INestApplication> {
  Logger.overrideLogger(['warn', 'error']);
  const app = await NestFactory.create(AppModule.forDatabase(database));
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  return app;
}
