-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE INDEX "abuse_reports_by_reporter" ON "abuse_reports" ("reporter");
