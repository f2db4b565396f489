-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `roster` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `contact` VARBINARY(255) NOT NULL,
    `contact$long` LONGBLOB,
    `name` LONGBLOB,
    `subscription` LONGBLOB NOT NULL,
    `ask` TINYINT(1) NOT NULL,
    `approved` TINYINT(1) NOT NULL,
    `groups` LONGBLOB NOT NULL,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (`owner`, `contact`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `roster_by_owner_version` ON `roster` (`owner`, `version`);
CREATE TABLE `roster_versions` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (`owner`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE TABLE `subscription_requests` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `contact` VARBINARY(255) NOT NULL,
    `contact$long` LONGBLOB,
    `received` BIGINT NOT NULL,
    `stanza` LONGBLOB NOT NULL,
    PRIMARY KEY (`owner`, `contact`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
