ALTER TABLE "invoices" ADD COLUMN "state" TEXT;
INSERT INTO "absent" VALUES (1);
