-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "archive_preferences" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "policy" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("owner")
);
CREATE TABLE "archive_exceptions" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "address" TEXT COLLATE "C" NOT NULL,
    "address$long" TEXT COLLATE "C",
    "always" BOOLEAN NOT NULL,
    PRIMARY KEY ("owner", "address")
);
