-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

ALTER TABLE `abuse_reports` ADD COLUMN `reporter$long` LONGBLOB;
UPDATE `abuse_reports` SET `reporter$long` = `reporter`, `reporter` = CONCAT(LEFT(`reporter`, 191), SHA2(`reporter`, 256)) WHERE LENGTH(`reporter`) > 187 AND `reporter$long` IS NULL;
ALTER TABLE `abuse_reports` MODIFY `reporter` VARBINARY(255) NOT NULL;
CREATE INDEX `abuse_reports_by_reporter` ON `abuse_reports` (`reporter`);
