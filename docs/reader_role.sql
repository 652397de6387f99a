-- A role that may read the catalogue and nothing else: for dashboards and notebooks. PostgreSQL; run it as the owner of
-- the catalogue's tables, once, and again after an upgrade: psql "$MOVIEC_CATALOGUE" -f reader_role.sql
-- Then give it to a login: CREATE ROLE analyst LOGIN PASSWORD '…'; GRANT moviec_reader TO analyst;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'moviec_reader') THEN
    CREATE ROLE moviec_reader NOLOGIN;
  END IF;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM moviec_reader;
GRANT USAGE ON SCHEMA public TO moviec_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO moviec_reader;

-- Who may ask, and the secrets of those who are told, are nobody's dashboard.
REVOKE ALL ON accounts, keys, usage, webhooks FROM moviec_reader;
