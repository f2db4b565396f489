-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `muc_hats` (
    `room` VARBINARY(255) NOT NULL,
    `room$long` LONGBLOB,
    `uri` VARBINARY(255) NOT NULL,
    `uri$long` LONGBLOB,
    `title` LONGBLOB NOT NULL,
    `hue` LONGBLOB,
    PRIMARY KEY (`room`, `uri`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE TABLE `muc_hat_wearers` (
    `room` VARBINARY(255) NOT NULL,
    `room$long` LONGBLOB,
    `address` VARBINARY(255) NOT NULL,
    `address$long` LONGBLOB,
    `uri` VARBINARY(255) NOT NULL,
    `uri$long` LONGBLOB,
    PRIMARY KEY (`room`, `address`, `uri`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `muc_hat_wearers_by_room_uri_address` ON `muc_hat_wearers` (`room`, `uri`, `address`);
