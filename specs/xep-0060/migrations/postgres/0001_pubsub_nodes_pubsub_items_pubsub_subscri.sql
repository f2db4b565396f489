-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "pubsub_nodes" (
    "service" TEXT COLLATE "C" NOT NULL,
    "service$long" TEXT COLLATE "C",
    "node" TEXT COLLATE "C" NOT NULL,
    "node$long" TEXT COLLATE "C",
    "collection" BOOLEAN NOT NULL,
    "parent" TEXT COLLATE "C",
    "parent$long" TEXT COLLATE "C",
    "access" TEXT COLLATE "C" NOT NULL,
    "kind" TEXT COLLATE "C",
    "configuration" TEXT COLLATE "C" NOT NULL,
    "last_position" BIGINT NOT NULL,
    "created" BIGINT NOT NULL,
    PRIMARY KEY ("service", "node")
);
CREATE INDEX "pubsub_nodes_by_service_parent_node" ON "pubsub_nodes" ("service", "parent" NULLS FIRST, "node");
CREATE TABLE "pubsub_items" (
    "service" TEXT COLLATE "C" NOT NULL,
    "service$long" TEXT COLLATE "C",
    "node" TEXT COLLATE "C" NOT NULL,
    "node$long" TEXT COLLATE "C",
    "item" TEXT COLLATE "C" NOT NULL,
    "item$long" TEXT COLLATE "C",
    "position" BIGINT NOT NULL,
    "published" BIGINT NOT NULL,
    "expires" BIGINT,
    "publisher" TEXT COLLATE "C",
    "payload" TEXT COLLATE "C",
    PRIMARY KEY ("service", "node", "item")
);
CREATE INDEX "pubsub_items_by_service_node_position" ON "pubsub_items" ("service", "node", "position");
CREATE INDEX "pubsub_items_by_expires" ON "pubsub_items" ("expires" NULLS FIRST);
CREATE TABLE "pubsub_subscriptions" (
    "service" TEXT COLLATE "C" NOT NULL,
    "service$long" TEXT COLLATE "C",
    "node" TEXT COLLATE "C" NOT NULL,
    "node$long" TEXT COLLATE "C",
    "subscriber" TEXT COLLATE "C" NOT NULL,
    "subscriber$long" TEXT COLLATE "C",
    "subid" TEXT COLLATE "C" NOT NULL,
    "subid$long" TEXT COLLATE "C",
    "account" TEXT COLLATE "C" NOT NULL,
    "account$long" TEXT COLLATE "C",
    "state" TEXT COLLATE "C" NOT NULL,
    "state$long" TEXT COLLATE "C",
    "options" TEXT COLLATE "C",
    "expires" BIGINT,
    PRIMARY KEY ("service", "node", "subscriber", "subid")
);
CREATE INDEX "pubsub_subscriptions_by_service_account_node" ON "pubsub_subscriptions" ("service", "account", "node");
CREATE INDEX "pubsub_subscriptions_by_service_node_state_subscriber" ON "pubsub_subscriptions" ("service", "node", "state", "subscriber");
CREATE INDEX "pubsub_subscriptions_by_expires" ON "pubsub_subscriptions" ("expires" NULLS FIRST);
CREATE TABLE "pubsub_affiliations" (
    "service" TEXT COLLATE "C" NOT NULL,
    "service$long" TEXT COLLATE "C",
    "node" TEXT COLLATE "C" NOT NULL,
    "node$long" TEXT COLLATE "C",
    "account" TEXT COLLATE "C" NOT NULL,
    "account$long" TEXT COLLATE "C",
    "affiliation" TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("service", "node", "account")
);
CREATE INDEX "pubsub_affiliations_by_service_account_node" ON "pubsub_affiliations" ("service", "account", "node");
