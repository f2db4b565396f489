-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "blocked_addresses" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "address" TEXT COLLATE "C" NOT NULL,
    "address$long" TEXT COLLATE "C",
    PRIMARY KEY ("owner", "address")
);
