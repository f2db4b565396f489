-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "push_services" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "service" TEXT COLLATE "C" NOT NULL,
    "service$long" TEXT COLLATE "C",
    "node" TEXT COLLATE "C" NOT NULL,
    "node$long" TEXT COLLATE "C",
    "options" TEXT COLLATE "C",
    "client" TEXT COLLATE "C",
    "created" BIGINT NOT NULL,
    "failures" BIGINT NOT NULL,
    PRIMARY KEY ("owner", "service", "node")
);
