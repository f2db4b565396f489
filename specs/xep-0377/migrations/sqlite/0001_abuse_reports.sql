-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE TABLE "abuse_reports" (
    "host" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "reporter" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "text" TEXT,
    "messages" TEXT NOT NULL,
    "received" INTEGER NOT NULL,
    "settled" INTEGER NOT NULL,
    PRIMARY KEY ("host", "id")
) STRICT;
CREATE INDEX "abuse_reports_by_host_settled_id" ON "abuse_reports" ("host", "settled", "id");
CREATE INDEX "abuse_reports_by_received" ON "abuse_reports" ("received");
