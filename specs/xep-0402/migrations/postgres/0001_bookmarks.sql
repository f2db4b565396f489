-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "bookmarks" (
    "owner" TEXT COLLATE "C" NOT NULL,
    "owner$long" TEXT COLLATE "C",
    "room" TEXT COLLATE "C" NOT NULL,
    "room$long" TEXT COLLATE "C",
    "name" TEXT COLLATE "C",
    "autojoin" BOOLEAN NOT NULL,
    "nickname" TEXT COLLATE "C",
    "password" TEXT COLLATE "C",
    "extensions" TEXT COLLATE "C",
    "position" BIGINT NOT NULL,
    PRIMARY KEY ("owner", "room")
);
CREATE INDEX "bookmarks_by_owner_position" ON "bookmarks" ("owner", "position");
