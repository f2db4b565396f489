-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `private_xml` (
    `owner` VARBINARY(255) NOT NULL,
    `owner$long` LONGBLOB,
    `namespace` VARBINARY(255) NOT NULL,
    `namespace$long` LONGBLOB,
    `name` VARBINARY(255) NOT NULL,
    `name$long` LONGBLOB,
    `xml` LONGBLOB NOT NULL,
    PRIMARY KEY (`owner`, `namespace`, `name`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
