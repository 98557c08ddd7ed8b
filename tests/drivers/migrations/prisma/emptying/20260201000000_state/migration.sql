ALTER TABLE "invoices" ADD COLUMN "state" TEXT;
DELETE FROM "invoices";
