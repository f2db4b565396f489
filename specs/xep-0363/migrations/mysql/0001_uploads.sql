-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `uploads` (
    `id` VARBINARY(255) NOT NULL,
    `id$long` LONGBLOB,
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `filename` LONGBLOB NOT NULL,
    `content_type` LONGBLOB,
    `size` BIGINT NOT NULL,
    `requested` BIGINT NOT NULL,
    `uploaded` TINYINT(1) NOT NULL,
    `expires` BIGINT,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `uploads_by_owner_requested` ON `uploads` (`owner`, `requested`);
CREATE INDEX `uploads_by_host_id` ON `uploads` (`host`, `id`);
CREATE INDEX `uploads_by_expires` ON `uploads` (`expires`);
