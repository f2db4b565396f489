-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `users` (
    `account` VARBINARY(255) NOT NULL,
    `account$long` LONGBLOB,
    `domain` VARBINARY(255) NOT NULL,
    `domain$long` LONGBLOB,
    `created` BIGINT NOT NULL,
    PRIMARY KEY (`account`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `users_by_domain_account` ON `users` (`domain`, `account`);
CREATE TABLE `credentials` (
    `account` VARBINARY(255) NOT NULL,
    `account$long` LONGBLOB,
    `mechanism` VARBINARY(255) NOT NULL,
    `mechanism$long` LONGBLOB,
    `salt` LONGBLOB NOT NULL,
    `iterations` BIGINT NOT NULL,
    `stored_key` LONGBLOB NOT NULL,
    `server_key` LONGBLOB NOT NULL,
    PRIMARY KEY (`account`, `mechanism`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
