-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "blocked_addresses" (
    "owner" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    PRIMARY KEY ("owner", "address")
) STRICT;
