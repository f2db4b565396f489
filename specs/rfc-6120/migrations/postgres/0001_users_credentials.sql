-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "users" (
    "account" TEXT COLLATE "C" NOT NULL,
    "account$long" TEXT COLLATE "C",
    "domain" TEXT COLLATE "C" NOT NULL,
    "domain$long" TEXT COLLATE "C",
    "created" BIGINT NOT NULL,
    PRIMARY KEY ("account")
);
CREATE INDEX "users_by_domain_account" ON "users" ("domain", "account");
CREATE TABLE "credentials" (
    "account" TEXT COLLATE "C" NOT NULL,
    "account$long" TEXT COLLATE "C",
    "mechanism" TEXT COLLATE "C" NOT NULL,
    "mechanism$long" TEXT COLLATE "C",
    "salt" BYTEA NOT NULL,
    "iterations" BIGINT NOT NULL,
    "stored_key" BYTEA NOT NULL,
    "server_key" BYTEA NOT NULL,
    PRIMARY KEY ("account", "mechanism")
);
