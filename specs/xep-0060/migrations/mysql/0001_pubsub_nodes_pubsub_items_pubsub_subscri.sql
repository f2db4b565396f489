-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE `pubsub_nodes` (
    `service` VARBINARY(255) NOT NULL,
    `service$long` LONGBLOB,
    `node` VARBINARY(255) NOT NULL,
    `node$long` LONGBLOB,
    `collection` TINYINT(1) NOT NULL,
    `parent` VARBINARY(255),
    `parent$long` LONGBLOB,
    `access` LONGBLOB NOT NULL,
    `kind` LONGBLOB,
    `configuration` LONGBLOB NOT NULL,
    `last_position` BIGINT NOT NULL,
    `created` BIGINT NOT NULL,
    PRIMARY KEY (`service`, `node`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `pubsub_nodes_by_service_parent_node` ON `pubsub_nodes` (`service`, `parent`, `node`);
CREATE TABLE `pubsub_items` (
    `service` VARBINARY(255) NOT NULL,
    `service$long` LONGBLOB,
    `node` VARBINARY(255) NOT NULL,
    `node$long` LONGBLOB,
    `item` VARBINARY(255) NOT NULL,
    `item$long` LONGBLOB,
    `position` BIGINT NOT NULL,
    `published` BIGINT NOT NULL,
    `expires` BIGINT,
    `publisher` LONGBLOB,
    `payload` LONGBLOB,
    PRIMARY KEY (`service`, `node`, `item`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `pubsub_items_by_service_node_position` ON `pubsub_items` (`service`, `node`, `position`);
CREATE INDEX `pubsub_items_by_expires` ON `pubsub_items` (`expires`);
CREATE TABLE `pubsub_subscriptions` (
    `service` VARBINARY(255) NOT NULL,
    `service$long` LONGBLOB,
    `node` VARBINARY(255) NOT NULL,
    `node$long` LONGBLOB,
    `subscriber` VARBINARY(255) NOT NULL,
    `subscriber$long` LONGBLOB,
    `subid` VARBINARY(255) NOT NULL,
    `subid$long` LONGBLOB,
    `account` VARBINARY(255) NOT NULL,
    `account$long` LONGBLOB,
    `state` VARBINARY(255) NOT NULL,
    `state$long` LONGBLOB,
    `options` LONGBLOB,
    `expires` BIGINT,
    PRIMARY KEY (`service`, `node`, `subscriber`, `subid`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `pubsub_subscriptions_by_service_account_node` ON `pubsub_subscriptions` (`service`, `account`, `node`);
CREATE INDEX `pubsub_subscriptions_by_service_node_state_subscriber` ON `pubsub_subscriptions` (`service`, `node`, `state`, `subscriber`);
CREATE INDEX `pubsub_subscriptions_by_expires` ON `pubsub_subscriptions` (`expires`);
CREATE TABLE `pubsub_affiliations` (
    `service` VARBINARY(255) NOT NULL,
    `service$long` LONGBLOB,
    `node` VARBINARY(255) NOT NULL,
    `node$long` LONGBLOB,
    `account` VARBINARY(255) NOT NULL,
    `account$long` LONGBLOB,
    `affiliation` LONGBLOB NOT NULL,
    PRIMARY KEY (`service`, `node`, `account`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;
CREATE INDEX `pubsub_affiliations_by_service_account_node` ON `pubsub_affiliations` (`service`, `account`, `node`);
