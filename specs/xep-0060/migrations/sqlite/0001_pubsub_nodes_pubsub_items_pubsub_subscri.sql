-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "pubsub_nodes" (
    "service" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "collection" INTEGER NOT NULL,
    "parent" TEXT,
    "access" TEXT NOT NULL,
    "kind" TEXT,
    "configuration" TEXT NOT NULL,
    "last_position" INTEGER NOT NULL,
    "created" INTEGER NOT NULL,
    PRIMARY KEY ("service", "node")
) STRICT;
CREATE INDEX "pubsub_nodes_by_service_parent_node" ON "pubsub_nodes" ("service", "parent", "node");
CREATE TABLE "pubsub_items" (
    "service" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "item" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "published" INTEGER NOT NULL,
    "expires" INTEGER,
    "publisher" TEXT,
    "payload" TEXT,
    PRIMARY KEY ("service", "node", "item")
) STRICT;
CREATE INDEX "pubsub_items_by_service_node_position" ON "pubsub_items" ("service", "node", "position");
CREATE INDEX "pubsub_items_by_expires" ON "pubsub_items" ("expires");
CREATE TABLE "pubsub_subscriptions" (
    "service" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "subscriber" TEXT NOT NULL,
    "subid" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "options" TEXT,
    "expires" INTEGER,
    PRIMARY KEY ("service", "node", "subscriber", "subid")
) STRICT;
CREATE INDEX "pubsub_subscriptions_by_service_account_node" ON "pubsub_subscriptions" ("service", "account", "node");
CREATE INDEX "pubsub_subscriptions_by_service_node_state_subscriber" ON "pubsub_subscriptions" ("service", "node", "state", "subscriber");
CREATE INDEX "pubsub_subscriptions_by_expires" ON "pubsub_subscriptions" ("expires");
CREATE TABLE "pubsub_affiliations" (
    "service" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "affiliation" TEXT NOT NULL,
    PRIMARY KEY ("service", "node", "account")
) STRICT;
CREATE INDEX "pubsub_affiliations_by_service_account_node" ON "pubsub_affiliations" ("service", "account", "node");
