-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "archive" (
    "owner" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "received" INTEGER NOT NULL,
    "correspondent" TEXT NOT NULL,
    "resource" TEXT,
    "incoming" INTEGER NOT NULL,
    "groupchat" INTEGER NOT NULL,
    "stanza" TEXT NOT NULL,
    "body" TEXT,
    PRIMARY KEY ("owner", "id")
) STRICT;
CREATE INDEX "archive_by_owner_correspondent_id" ON "archive" ("owner", "correspondent", "id");
CREATE INDEX "archive_by_received" ON "archive" ("received");
