-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `muc_rooms` (
    `room` VARBINARY(255) NOT NULL,
    `room$long` LONGBLOB,
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `public` TINYINT(1) NOT NULL,
    `name` LONGBLOB NOT NULL,
    `words` LONGBLOB NOT NULL,
    `configuration` LONGBLOB NOT NULL,
    `password` LONGBLOB,
    `subject` LONGBLOB,
    `subject_by` LONGBLOB,
    `subject_at` BIGINT,
    `occupant_key` LONGBLOB NOT NULL,
    `affiliations_version` BIGINT NOT NULL,
    `created` BIGINT NOT NULL,
    PRIMARY KEY (`room`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `muc_rooms_by_host_room` ON `muc_rooms` (`host`, `room`);
CREATE INDEX `muc_rooms_by_host_public_room` ON `muc_rooms` (`host`, `public`, `room`);
CREATE TABLE `muc_affiliations` (
    `room` VARBINARY(255) NOT NULL,
    `room$long` LONGBLOB,
    `address` VARBINARY(255) NOT NULL,
    `address$long` LONGBLOB,
    `affiliation` VARBINARY(255) NOT NULL,
    `affiliation$long` LONGBLOB,
    `nickname` VARBINARY(255),
    `nickname$long` LONGBLOB,
    `reason` LONGBLOB,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (`room`, `address`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `muc_affiliations_by_room_affiliation_address` ON `muc_affiliations` (`room`, `affiliation`, `address`);
CREATE INDEX `muc_affiliations_by_room_nickname` ON `muc_affiliations` (`room`, `nickname`);
CREATE INDEX `muc_affiliations_by_room_version` ON `muc_affiliations` (`room`, `version`);
CREATE INDEX `muc_affiliations_by_address_affiliation_room` ON `muc_affiliations` (`address`, `affiliation`, `room`);
