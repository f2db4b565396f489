-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "last_activity" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "at" BIGINT NOT NULL,
    "status" TEXT COLLATE "C",
    PRIMARY KEY ("owner")
);
