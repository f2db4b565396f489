-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `abuse_reports` (
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `id` VARBINARY(255) NOT NULL,
    `id$long` LONGBLOB,
    `reporter` LONGBLOB NOT NULL,
    `address` LONGBLOB NOT NULL,
    `reason` LONGBLOB NOT NULL,
    `text` LONGBLOB,
    `messages` LONGBLOB NOT NULL,
    `received` BIGINT NOT NULL,
    `settled` TINYINT(1) NOT NULL,
    PRIMARY KEY (`host`, `id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `abuse_reports_by_host_settled_id` ON `abuse_reports` (`host`, `settled`, `id`);
CREATE INDEX `abuse_reports_by_received` ON `abuse_reports` (`received`);
