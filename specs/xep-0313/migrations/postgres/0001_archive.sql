-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "archive" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "id" TEXT COLLATE "C" NOT NULL,
    "id$long" TEXT COLLATE "C",
    "received" BIGINT NOT NULL,
    "correspondent" TEXT COLLATE "C" NOT NULL,
    "correspondent$long" TEXT COLLATE "C",
    "resource" TEXT COLLATE "C",
    "incoming" BOOLEAN NOT NULL,
    "groupchat" BOOLEAN NOT NULL,
    "stanza" TEXT COLLATE "C" NOT NULL,
    "body" TEXT COLLATE "C",
    PRIMARY KEY ("owner", "id")
);
CREATE INDEX "archive_by_owner_correspondent_id" ON "archive" ("owner", "correspondent", "id");
CREATE INDEX "archive_by_received" ON "archive" ("received");
