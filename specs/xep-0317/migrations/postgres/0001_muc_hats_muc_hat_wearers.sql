-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "muc_hats" (
    "room" TEXT COLLATE "C" NOT NULL,
    "room$long" TEXT COLLATE "C",
    "uri" TEXT COLLATE "C" NOT NULL,
    "uri$long" TEXT COLLATE "C",
    "title" TEXT COLLATE "C" NOT NULL,
    "hue" TEXT COLLATE "C",
    PRIMARY KEY ("room", "uri")
);
CREATE TABLE "muc_hat_wearers" (
    "room" TEXT COLLATE "C" NOT NULL,
    "room$long" TEXT COLLATE "C",
    "address" TEXT COLLATE "C" NOT NULL,
    "address$long" TEXT COLLATE "C",
    "uri" TEXT COLLATE "C" NOT NULL,
    "uri$long" TEXT COLLATE "C",
    PRIMARY KEY ("room", "address", "uri")
);
CREATE INDEX "muc_hat_wearers_by_room_uri_address" ON "muc_hat_wearers" ("room", "uri", "address");
