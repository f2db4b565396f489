-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "muc_rooms" (
    "room" TEXT COLLATE "C" NOT NULL,
    "room$long" TEXT COLLATE "C",
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "public" BOOLEAN NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "words" TEXT COLLATE "C" NOT NULL,
    "configuration" TEXT COLLATE "C" NOT NULL,
    "password" TEXT COLLATE "C",
    "subject" TEXT COLLATE "C",
    "subject_by" TEXT COLLATE "C",
    "subject_at" BIGINT,
    "occupant_key" BYTEA NOT NULL,
    "affiliations_version" BIGINT NOT NULL,
    "created" BIGINT NOT NULL,
    PRIMARY KEY ("room")
);
CREATE INDEX "muc_rooms_by_host_room" ON "muc_rooms" ("host", "room");
CREATE INDEX "muc_rooms_by_host_public_room" ON "muc_rooms" ("host", "public", "room");
CREATE TABLE "muc_affiliations" (
    "room" TEXT COLLATE "C" NOT NULL,
    "room$long" TEXT COLLATE "C",
    "address" TEXT COLLATE "C" NOT NULL,
    "address$long" TEXT COLLATE "C",
    "affiliation" TEXT COLLATE "C" NOT NULL,
    "affiliation$long" TEXT COLLATE "C",
    "nickname" TEXT COLLATE "C",
    "nickname$long" TEXT COLLATE "C",
    "reason" TEXT COLLATE "C",
    "version" BIGINT NOT NULL,
    PRIMARY KEY ("room", "address")
);
CREATE INDEX "muc_affiliations_by_room_affiliation_address" ON "muc_affiliations" ("room", "affiliation", "address");
CREATE INDEX "muc_affiliations_by_room_nickname" ON "muc_affiliations" ("room", "nickname" NULLS FIRST);
CREATE INDEX "muc_affiliations_by_room_version" ON "muc_affiliations" ("room", "version");
CREATE INDEX "muc_affiliations_by_address_affiliation_room" ON "muc_affiliations" ("address", "affiliation", "room");
