-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `fast_tokens` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `client` VARBINARY(255) NOT NULL,
    `client$long` LONGBLOB,
    `issued` BIGINT NOT NULL,
    `mechanism` LONGBLOB NOT NULL,
    `token` LONGBLOB NOT NULL,
    `expires` BIGINT NOT NULL,
    `last_count` BIGINT NOT NULL,
    `current` TINYINT(1) NOT NULL,
    PRIMARY KEY (`owner`, `client`, `issued`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `fast_tokens_by_expires` ON `fast_tokens` (`expires`);
