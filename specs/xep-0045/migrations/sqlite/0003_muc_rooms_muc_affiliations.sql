-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

ALTER TABLE "muc_rooms" ADD COLUMN "changes_since" INTEGER;
ALTER TABLE "muc_affiliations" ADD COLUMN "turned" INTEGER;
