-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "roster" (
    "owner" TEXT NOT NULL,
    "contact" TEXT NOT NULL,
    "name" TEXT,
    "subscription" TEXT NOT NULL,
    "ask" INTEGER NOT NULL,
    "approved" INTEGER NOT NULL,
    "groups" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "contact")
) STRICT;
CREATE INDEX "roster_by_owner_version" ON "roster" ("owner", "version");
CREATE TABLE "roster_versions" (
    "owner" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("owner")
) STRICT;
CREATE TABLE "subscription_requests" (
    "owner" TEXT NOT NULL,
    "contact" TEXT NOT NULL,
    "received" INTEGER NOT NULL,
    "stanza" TEXT NOT NULL,
    PRIMARY KEY ("owner", "contact")
) STRICT;
