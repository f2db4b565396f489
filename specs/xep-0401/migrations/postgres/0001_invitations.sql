-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "invitations" (
    "token" TEXT COLLATE "C" NOT NULL,
    "token$long" TEXT COLLATE "C",
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "inviter" TEXT COLLATE "C" NOT NULL,
    "inviter$long" TEXT COLLATE "C",
    "subscribe" BOOLEAN NOT NULL,
    "register" BOOLEAN NOT NULL,
    "username" TEXT COLLATE "C",
    "created" BIGINT NOT NULL,
    "expires" BIGINT NOT NULL,
    "uses_left" BIGINT NOT NULL,
    PRIMARY KEY ("token")
);
CREATE INDEX "invitations_by_inviter_created" ON "invitations" ("inviter", "created");
CREATE INDEX "invitations_by_host_created" ON "invitations" ("host", "created");
CREATE INDEX "invitations_by_expires" ON "invitations" ("expires");
