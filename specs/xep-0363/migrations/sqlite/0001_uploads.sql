-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "uploads" (
    "id" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "filename" TEXT NOT NULL,
    "content_type" TEXT,
    "size" INTEGER NOT NULL,
    "requested" INTEGER NOT NULL,
    "uploaded" INTEGER NOT NULL,
    "expires" INTEGER,
    PRIMARY KEY ("id")
) STRICT;
CREATE INDEX "uploads_by_owner_requested" ON "uploads" ("owner", "requested");
CREATE INDEX "uploads_by_host_id" ON "uploads" ("host", "id");
CREATE INDEX "uploads_by_expires" ON "uploads" ("expires");
