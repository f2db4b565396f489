-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "muc_rooms" (
    "room" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "public" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "configuration" TEXT NOT NULL,
    "password" TEXT,
    "subject" TEXT,
    "subject_by" TEXT,
    "subject_at" INTEGER,
    "occupant_key" BLOB NOT NULL,
    "affiliations_version" INTEGER NOT NULL,
    "created" INTEGER NOT NULL,
    PRIMARY KEY ("room")
) STRICT;
CREATE INDEX "muc_rooms_by_host_room" ON "muc_rooms" ("host", "room");
CREATE INDEX "muc_rooms_by_host_public_room" ON "muc_rooms" ("host", "public", "room");
CREATE TABLE "muc_affiliations" (
    "room" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "affiliation" TEXT NOT NULL,
    "nickname" TEXT,
    "reason" TEXT,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("room", "address")
) STRICT;
CREATE INDEX "muc_affiliations_by_room_affiliation_address" ON "muc_affiliations" ("room", "affiliation", "address");
CREATE INDEX "muc_affiliations_by_room_nickname" ON "muc_affiliations" ("room", "nickname");
CREATE INDEX "muc_affiliations_by_room_version" ON "muc_affiliations" ("room", "version");
CREATE INDEX "muc_affiliations_by_address_affiliation_room" ON "muc_affiliations" ("address", "affiliation", "room");
