-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "offline_messages" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "seq" BIGINT NOT NULL,
    "received" BIGINT NOT NULL,
    "stanza" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("owner", "seq")
);
