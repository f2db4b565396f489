-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "archive_preferences" (
    "owner" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    PRIMARY KEY ("owner")
) STRICT;
CREATE TABLE "archive_exceptions" (
    "owner" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "always" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "address")
) STRICT;
