-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `last_activity` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `at` BIGINT NOT NULL,
    `status` LONGBLOB,
    PRIMARY KEY (`owner`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
