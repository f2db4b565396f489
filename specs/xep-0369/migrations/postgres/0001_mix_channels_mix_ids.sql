-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "mix_channels" (
    "channel" TEXT COLLATE "C" NOT NULL,
    "channel$long" TEXT COLLATE "C",
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "creator" TEXT COLLATE "C" NOT NULL,
    "creator$long" TEXT COLLATE "C",
    "listed" BOOLEAN NOT NULL,
    "created" BIGINT NOT NULL,
    PRIMARY KEY ("channel")
);
CREATE INDEX "mix_channels_by_host_channel" ON "mix_channels" ("host", "channel");
CREATE INDEX "mix_channels_by_creator" ON "mix_channels" ("creator");
CREATE TABLE "mix_ids" (
    "channel" TEXT COLLATE "C" NOT NULL,
    "channel$long" TEXT COLLATE "C",
    "address" TEXT COLLATE "C" NOT NULL,
    "address$long" TEXT COLLATE "C",
    "id" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("channel", "address")
);
CREATE INDEX "mix_ids_by_address" ON "mix_ids" ("address");
