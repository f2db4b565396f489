-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX "muc_rooms_search_words" ON "muc_rooms" USING gin (("words") gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN
    RAISE NOTICE 'searches go without an index: %', SQLERRM;
END $$;
