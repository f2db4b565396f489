-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "offline_messages" (
    "owner" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "received" INTEGER NOT NULL,
    "stanza" TEXT NOT NULL,
    PRIMARY KEY ("owner", "seq")
) STRICT;
