-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `mix_channels` (
    `channel` VARBINARY(255) NOT NULL,
    `channel$long` LONGBLOB,
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `creator` VARBINARY(255) NOT NULL,
    `creator$long` LONGBLOB,
    `listed` TINYINT(1) NOT NULL,
    `created` BIGINT NOT NULL,
    PRIMARY KEY (`channel`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `mix_channels_by_host_channel` ON `mix_channels` (`host`, `channel`);
CREATE INDEX `mix_channels_by_creator` ON `mix_channels` (`creator`);
CREATE TABLE `mix_ids` (
    `channel` VARBINARY(255) NOT NULL,
    `channel$long` LONGBLOB,
    `address` VARBINARY(255) NOT NULL,
    `address$long` LONGBLOB,
    `id` LONGBLOB NOT NULL,
    PRIMARY KEY (`channel`, `address`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `mix_ids_by_address` ON `mix_ids` (`address`);
