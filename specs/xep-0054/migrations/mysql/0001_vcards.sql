-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `vcards` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `domain` VARBINARY(255) NOT NULL,
    `domain$long` LONGBLOB,
    `vcard` LONGBLOB NOT NULL,
    `photo_hash` LONGBLOB,
    `words` LONGBLOB NOT NULL,
    `updated` BIGINT NOT NULL,
    PRIMARY KEY (`owner`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `vcards_by_domain_owner` ON `vcards` (`domain`, `owner`);
