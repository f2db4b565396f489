-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "disabled_accounts" (
    "account" TEXT COLLATE "C" NOT NULL,
    "account$long" TEXT COLLATE "C",
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "since" BIGINT NOT NULL,
    "by" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("account")
);
CREATE INDEX "disabled_accounts_by_host_account" ON "disabled_accounts" ("host", "account");
