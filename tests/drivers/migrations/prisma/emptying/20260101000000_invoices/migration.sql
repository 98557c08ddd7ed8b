CREATE TABLE "invoices" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "total" REAL
);
