-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `offline_messages` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `seq` BIGINT NOT NULL,
    `received` BIGINT NOT NULL,
    `stanza` LONGBLOB NOT NULL,
    PRIMARY KEY (`owner`, `seq`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
