-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "invitations" (
    "token" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "inviter" TEXT NOT NULL,
    "subscribe" INTEGER NOT NULL,
    "register" INTEGER NOT NULL,
    "username" TEXT,
    "created" INTEGER NOT NULL,
    "expires" INTEGER NOT NULL,
    "uses_left" INTEGER NOT NULL,
    PRIMARY KEY ("token")
) STRICT;
CREATE INDEX "invitations_by_inviter_created" ON "invitations" ("inviter", "created");
CREATE INDEX "invitations_by_host_created" ON "invitations" ("host", "created");
CREATE INDEX "invitations_by_expires" ON "invitations" ("expires");
