-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

ALTER TABLE "roster" ADD COLUMN "channel" TEXT;
