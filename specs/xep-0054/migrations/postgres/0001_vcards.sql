-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "vcards" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "domain" TEXT COLLATE "C" NOT NULL,
    "domain$long" TEXT COLLATE "C",
    "vcard" TEXT COLLATE "C" NOT NULL,
    "photo_hash" TEXT COLLATE "C",
    "words" TEXT COLLATE "C" NOT NULL,
    "updated" BIGINT NOT NULL,
    PRIMARY KEY ("owner")
);
CREATE INDEX "vcards_by_domain_owner" ON "vcards" ("domain", "owner");
