-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "private_xml" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "namespace" TEXT COLLATE "C" NOT NULL,
    "namespace$long" TEXT COLLATE "C",
    "name" TEXT COLLATE "C" NOT NULL,
    "name$long" TEXT COLLATE "C",
    "xml" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("owner", "namespace", "name")
);
