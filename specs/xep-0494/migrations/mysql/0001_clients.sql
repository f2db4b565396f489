-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `clients` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `client` VARBINARY(255) NOT NULL,
    `client$long` LONGBLOB,
    `software` LONGBLOB,
    `device` LONGBLOB,
    `first_seen` BIGINT NOT NULL,
    `last_seen` BIGINT NOT NULL,
    `password` TINYINT(1) NOT NULL,
    `granted` TINYINT(1) NOT NULL,
    `certificate` TINYINT(1) NOT NULL,
    PRIMARY KEY (`owner`, `client`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `clients_by_last_seen` ON `clients` (`last_seen`);
