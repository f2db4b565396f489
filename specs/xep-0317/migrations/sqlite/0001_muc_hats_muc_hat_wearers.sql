-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "muc_hats" (
    "room" TEXT NOT NULL,
    "uri" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "hue" TEXT,
    PRIMARY KEY ("room", "uri")
) STRICT;
CREATE TABLE "muc_hat_wearers" (
    "room" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "uri" TEXT NOT NULL,
    PRIMARY KEY ("room", "address", "uri")
) STRICT;
CREATE INDEX "muc_hat_wearers_by_room_uri_address" ON "muc_hat_wearers" ("room", "uri", "address");
