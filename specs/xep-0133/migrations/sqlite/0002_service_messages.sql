-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "service_messages" (
    "host" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "changed" INTEGER NOT NULL,
    PRIMARY KEY ("host", "kind")
) STRICT;
