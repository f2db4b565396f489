-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

ALTER TABLE "abuse_reports" ADD COLUMN "reporter$long" TEXT COLLATE "C";
UPDATE "abuse_reports" SET "reporter$long" = "reporter", "reporter" = left("reporter", (SELECT max(n) FROM generate_series(47, 191) AS n WHERE octet_length(left("reporter", n)) <= 191)) || encode(sha256(convert_to("reporter", 'UTF8')), 'hex') WHERE octet_length("reporter") > 187 AND "reporter$long" IS NULL;
CREATE INDEX "abuse_reports_by_reporter" ON "abuse_reports" ("reporter");
