-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "mix_channels" (
    "channel" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "creator" TEXT NOT NULL,
    "listed" INTEGER NOT NULL,
    "created" INTEGER NOT NULL,
    PRIMARY KEY ("channel")
) STRICT;
CREATE INDEX "mix_channels_by_host_channel" ON "mix_channels" ("host", "channel");
CREATE INDEX "mix_channels_by_creator" ON "mix_channels" ("creator");
CREATE TABLE "mix_ids" (
    "channel" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    PRIMARY KEY ("channel", "address")
) STRICT;
CREATE INDEX "mix_ids_by_address" ON "mix_ids" ("address");
