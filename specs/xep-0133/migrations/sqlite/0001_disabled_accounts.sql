-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "disabled_accounts" (
    "account" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "since" INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    PRIMARY KEY ("account")
) STRICT;
CREATE INDEX "disabled_accounts_by_host_account" ON "disabled_accounts" ("host", "account");
