-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "bookmarks" (
    "owner" TEXT NOT NULL,
    "room" TEXT NOT NULL,
    "name" TEXT,
    "autojoin" INTEGER NOT NULL,
    "nickname" TEXT,
    "password" TEXT,
    "extensions" TEXT,
    "position" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "room")
) STRICT;
CREATE INDEX "bookmarks_by_owner_position" ON "bookmarks" ("owner", "position");
