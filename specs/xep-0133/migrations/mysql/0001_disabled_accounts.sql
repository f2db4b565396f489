-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `disabled_accounts` (
    `account` VARBINARY(255) NOT NULL,
    `account$long` LONGBLOB,
    `host` VARBINARY(255) NOT NULL,
    `host$long` LONGBLOB,
    `since` BIGINT NOT NULL,
    `by` LONGBLOB NOT NULL,
    PRIMARY KEY (`account`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `disabled_accounts_by_host_account` ON `disabled_accounts` (`host`, `account`);
