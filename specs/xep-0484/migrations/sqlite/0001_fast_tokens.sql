-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "fast_tokens" (
    "owner" TEXT NOT NULL,
    "client" TEXT NOT NULL,
    "issued" INTEGER NOT NULL,
    "mechanism" TEXT NOT NULL,
    "token" BLOB NOT NULL,
    "expires" INTEGER NOT NULL,
    "last_count" INTEGER NOT NULL,
    "current" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "client", "issued")
) STRICT;
CREATE INDEX "fast_tokens_by_expires" ON "fast_tokens" ("expires");
