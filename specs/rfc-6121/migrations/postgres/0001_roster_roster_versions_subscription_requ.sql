-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "roster" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "contact" TEXT COLLATE "C" NOT NULL,
    "contact$long" TEXT COLLATE "C",
    "name" TEXT COLLATE "C",
    "subscription" TEXT COLLATE "C" NOT NULL,
    "ask" BOOLEAN NOT NULL,
    "approved" BOOLEAN NOT NULL,
    "groups" TEXT COLLATE "C" NOT NULL,
    "version" BIGINT NOT NULL,
    PRIMARY KEY ("owner", "contact")
);
CREATE INDEX "roster_by_owner_version" ON "roster" ("owner", "version");
CREATE TABLE "roster_versions" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "version" BIGINT NOT NULL,
    PRIMARY KEY ("owner")
);
CREATE TABLE "subscription_requests" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "contact" TEXT COLLATE "C" NOT NULL,
    "contact$long" TEXT COLLATE "C",
    "received" BIGINT NOT NULL,
    "stanza" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("owner", "contact")
);
