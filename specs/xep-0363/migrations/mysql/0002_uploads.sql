-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

ALTER TABLE `uploads` ADD COLUMN `kept_until` BIGINT;
