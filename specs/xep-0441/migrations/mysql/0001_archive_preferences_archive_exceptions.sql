-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `archive_preferences` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `policy` LONGBLOB NOT NULL,
    PRIMARY KEY (`owner`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE TABLE `archive_exceptions` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `address` VARBINARY(255) NOT NULL,
    `address$long` LONGBLOB,
    `always` TINYINT(1) NOT NULL,
    PRIMARY KEY (`owner`, `address`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
