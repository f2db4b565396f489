-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "service_messages" (
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "kind" TEXT COLLATE "C" NOT NULL,
    "kind$long" TEXT COLLATE "C",
    "text" TEXT COLLATE "C" NOT NULL,
    "changed" BIGINT NOT NULL,
    PRIMARY KEY ("host", "kind")
);
