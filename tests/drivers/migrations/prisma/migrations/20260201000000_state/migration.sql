ALTER TABLE "invoices" ADD COLUMN "state" TEXT;
