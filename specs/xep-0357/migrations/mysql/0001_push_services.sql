-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `push_services` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `service` VARBINARY(255) NOT NULL,
    `service$long` LONGBLOB,
    `node` VARBINARY(255) NOT NULL,
    `node$long` LONGBLOB,
    `options` LONGBLOB,
    `client` LONGBLOB,
    `created` BIGINT NOT NULL,
    `failures` BIGINT NOT NULL,
    PRIMARY KEY (`owner`, `service`, `node`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
