-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE INDEX "muc_hat_wearers_by_address" ON "muc_hat_wearers" ("address");
