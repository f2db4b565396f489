-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `bookmarks` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `room` VARBINARY(255) NOT NULL,
    `room$long` LONGBLOB,
    `name` LONGBLOB,
    `autojoin` TINYINT(1) NOT NULL,
    `nickname` LONGBLOB,
    `password` LONGBLOB,
    `extensions` LONGBLOB,
    `position` BIGINT NOT NULL,
    PRIMARY KEY (`owner`, `room`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `bookmarks_by_owner_position` ON `bookmarks` (`owner`, `position`);
