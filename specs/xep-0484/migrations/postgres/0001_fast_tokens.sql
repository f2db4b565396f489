-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "fast_tokens" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "client" TEXT COLLATE "C" NOT NULL,
    "client$long" TEXT COLLATE "C",
    "issued" BIGINT NOT NULL,
    "mechanism" TEXT COLLATE "C" NOT NULL,
    "token" BYTEA NOT NULL,
    "expires" BIGINT NOT NULL,
    "last_count" BIGINT NOT NULL,
    "current" BOOLEAN NOT NULL,
    PRIMARY KEY ("owner", "client", "issued")
);
CREATE INDEX "fast_tokens_by_expires" ON "fast_tokens" ("expires");
