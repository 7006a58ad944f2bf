#!/bin/sh
# Runs once, on an empty volume. The service owns its database and nothing else; the superuser has no password, so it
# is reached from inside the container only.
psql --quiet --set ON_ERROR_STOP=1 --set "owner=$OWNER" --username postgres --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE :"owner" LOGIN PASSWORD :'password';
CREATE DATABASE :"owner" OWNER :"owner";
REVOKE ALL ON DATABASE :"owner", postgres, template1 FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
