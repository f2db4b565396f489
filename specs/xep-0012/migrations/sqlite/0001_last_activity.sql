-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "last_activity" (
    "owner" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "status" TEXT,
    PRIMARY KEY ("owner")
) STRICT;
