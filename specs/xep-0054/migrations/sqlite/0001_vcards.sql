-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "vcards" (
    "owner" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "vcard" TEXT NOT NULL,
    "photo_hash" TEXT,
    "words" TEXT NOT NULL,
    "updated" INTEGER NOT NULL,
    PRIMARY KEY ("owner")
) STRICT;
CREATE INDEX "vcards_by_domain_owner" ON "vcards" ("domain", "owner");
