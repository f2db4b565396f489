-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "push_services" (
    "owner" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "options" TEXT,
    "client" TEXT,
    "created" INTEGER NOT NULL,
    "failures" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "service", "node")
) STRICT;
