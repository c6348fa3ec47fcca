-- Who may do what, for psql as a superuser, once, in a new server:
--   wastehub          the projector: makes and owns the schema hub in the database wastehub, and nothing else
--   wastehub_readers  whoever reads: SELECT on the versioned views of schema hub, and nothing else
--   dashboard         one login of those; make one per dashboard:  CREATE ROLE name LOGIN PASSWORD … IN ROLE wastehub_readers
\set ON_ERROR_STOP on
\set secrets /run/secrets
\getenv secrets WASTEHUB_SECRETS
\set hub_password `cat :'secrets'/hub_db_password`
\set dashboard_password `cat :'secrets'/dashboard_password`
SELECT length(:'hub_password') < 16 OR length(:'dashboard_password') < 16 AS lacking \gset
\if :lacking
  DO $$ BEGIN RAISE EXCEPTION 'hub_db_password and dashboard_password must hold 16 characters or more'; END $$;
\endif

CREATE ROLE wastehub LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'hub_password';
CREATE ROLE wastehub_readers NOLOGIN;
CREATE ROLE dashboard LOGIN CONNECTION LIMIT 20 IN ROLE wastehub_readers PASSWORD :'dashboard_password';
ALTER ROLE dashboard SET search_path = hub;
ALTER ROLE dashboard SET default_transaction_read_only = on;
ALTER ROLE dashboard SET statement_timeout = '60s';
ALTER ROLE dashboard SET idle_in_transaction_session_timeout = '60s';

CREATE DATABASE wastehub;
REVOKE ALL ON DATABASE wastehub FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE wastehub TO wastehub;
GRANT CONNECT ON DATABASE wastehub TO wastehub_readers;

\connect wastehub
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA administration;

-- The views do not exist yet, and a rebuild may make them anew: whenever one appears, readers may read it.
-- It runs as whoever made the view, so it can give away only what is theirs.
CREATE FUNCTION administration.let_readers_in() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT nspname FROM pg_namespace
    WHERE nspname = 'hub' AND NOT has_schema_privilege('wastehub_readers', oid, 'USAGE')
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO wastehub_readers', found.nspname);
  END LOOP;
  FOR found IN
    SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'hub' AND relkind = 'v' AND relname ~ '_v[0-9]+$'
      AND NOT has_table_privilege('wastehub_readers', pg_class.oid, 'SELECT')
  LOOP
    EXECUTE format('GRANT SELECT ON %I.%I TO wastehub_readers', found.nspname, found.relname);
  END LOOP;
END $$;
CREATE EVENT TRIGGER let_readers_in ON ddl_command_end
  WHEN TAG IN ('CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE VIEW', 'ALTER VIEW')
  EXECUTE FUNCTION administration.let_readers_in();
