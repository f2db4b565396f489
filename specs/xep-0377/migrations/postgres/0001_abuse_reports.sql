-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "abuse_reports" (
    "host" TEXT COLLATE "C" NOT NULL,
    "host$long" TEXT COLLATE "C",
    "id" TEXT COLLATE "C" NOT NULL,
    "id$long" TEXT COLLATE "C",
    "reporter" TEXT COLLATE "C" NOT NULL,
    "address" TEXT COLLATE "C" NOT NULL,
    "reason" TEXT COLLATE "C" NOT NULL,
    "text" TEXT COLLATE "C",
    "messages" TEXT COLLATE "C" NOT NULL,
    "received" BIGINT NOT NULL,
    "settled" BOOLEAN NOT NULL,
    PRIMARY KEY ("host", "id")
);
CREATE INDEX "abuse_reports_by_host_settled_id" ON "abuse_reports" ("host", "settled", "id");
CREATE INDEX "abuse_reports_by_received" ON "abuse_reports" ("received");
