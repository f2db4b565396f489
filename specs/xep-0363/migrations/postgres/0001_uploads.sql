-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "uploads" (
    "id" TEXT COLLATE "C" NOT NULL,
    "id$long" TEXT COLLATE "C",
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "filename" TEXT COLLATE "C" NOT NULL,
    "content_type" TEXT COLLATE "C",
    "size" BIGINT NOT NULL,
    "requested" BIGINT NOT NULL,
    "uploaded" BOOLEAN NOT NULL,
    "expires" BIGINT,
    PRIMARY KEY ("id")
);
CREATE INDEX "uploads_by_owner_requested" ON "uploads" ("owner", "requested");
CREATE INDEX "uploads_by_host_id" ON "uploads" ("host", "id");
CREATE INDEX "uploads_by_expires" ON "uploads" ("expires" NULLS FIRST);
