-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "clients" (
    "owner" TEXT NOT NULL,
    "client" TEXT NOT NULL,
    "software" TEXT,
    "device" TEXT,
    "first_seen" INTEGER NOT NULL,
    "last_seen" INTEGER NOT NULL,
    "password" INTEGER NOT NULL,
    "granted" INTEGER NOT NULL,
    "certificate" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "client")
) STRICT;
CREATE INDEX "clients_by_last_seen" ON "clients" ("last_seen");
