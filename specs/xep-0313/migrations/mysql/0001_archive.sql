-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `archive` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `id` VARBINARY(255) NOT NULL,
    `id$long` LONGBLOB,
    `received` BIGINT NOT NULL,
    `correspondent` VARBINARY(255) NOT NULL,
    `correspondent$long` LONGBLOB,
    `resource` LONGBLOB,
    `incoming` TINYINT(1) NOT NULL,
    `groupchat` TINYINT(1) NOT NULL,
    `stanza` LONGBLOB NOT NULL,
    `body` LONGBLOB,
    PRIMARY KEY (`owner`, `id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `archive_by_owner_correspondent_id` ON `archive` (`owner`, `correspondent`, `id`);
CREATE INDEX `archive_by_received` ON `archive` (`received`);
