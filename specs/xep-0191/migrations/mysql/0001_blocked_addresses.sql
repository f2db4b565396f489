-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `blocked_addresses` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `address` VARBINARY(255) NOT NULL,
    `address$long` LONGBLOB,
    PRIMARY KEY (`owner`, `address`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
