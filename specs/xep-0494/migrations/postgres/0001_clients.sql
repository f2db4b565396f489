-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "clients" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "client" TEXT COLLATE "C" NOT NULL,
    "client$long" TEXT COLLATE "C",
    "software" TEXT COLLATE "C",
    "device" TEXT COLLATE "C",
    "first_seen" BIGINT NOT NULL,
    "last_seen" BIGINT NOT NULL,
    "password" BOOLEAN NOT NULL,
    "granted" BOOLEAN NOT NULL,
    "certificate" BOOLEAN NOT NULL,
    PRIMARY KEY ("owner", "client")
);
CREATE INDEX "clients_by_last_seen" ON "clients" ("last_seen");
