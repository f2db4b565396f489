-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "users" (
    "account" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "created" INTEGER NOT NULL,
    PRIMARY KEY ("account")
) STRICT;
CREATE INDEX "users_by_domain_account" ON "users" ("domain", "account");
CREATE TABLE "credentials" (
    "account" TEXT NOT NULL,
    "mechanism" TEXT NOT NULL,
    "salt" BLOB NOT NULL,
    "iterations" INTEGER NOT NULL,
    "stored_key" BLOB NOT NULL,
    "server_key" BLOB NOT NULL,
    PRIMARY KEY ("account", "mechanism")
) STRICT;
