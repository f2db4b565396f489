-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `service_messages` (
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `kind` VARBINARY(255) NOT NULL,
    `kind$long` LONGBLOB,
    `text` LONGBLOB NOT NULL,
    `changed` BIGINT NOT NULL,
    PRIMARY KEY (`host`, `kind`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
