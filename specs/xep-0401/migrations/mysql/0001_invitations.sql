-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `invitations` (
    `token` VARBINARY(255) NOT NULL,
    `token$long` LONGBLOB,
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `inviter` VARBINARY(255) NOT NULL,
    `inviter$long` LONGBLOB,
    `subscribe` TINYINT(1) NOT NULL,
    `register` TINYINT(1) NOT NULL,
    `username` LONGBLOB,
    `created` BIGINT NOT NULL,
    `expires` BIGINT NOT NULL,
    `uses_left` BIGINT NOT NULL,
    PRIMARY KEY (`token`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `invitations_by_inviter_created` ON `invitations` (`inviter`, `created`);
CREATE INDEX `invitations_by_host_created` ON `invitations` (`host`, `created`);
CREATE INDEX `invitations_by_expires` ON `invitations` (`expires`);
