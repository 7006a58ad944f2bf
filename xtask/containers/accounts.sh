#!/bin/sh
# Gives a root file system ($1) the users and the folders that the official images of PostgreSQL, Redis and Envoy have.
set -eu
sed -i '/^postgres:/d; /^redis:/d' "$1/etc/passwd" "$1/etc/group"
printf '%s\n' postgres:x:70:70::/:/bin/sh redis:x:999:1000::/:/bin/sh envoy:x:101:101::/:/bin/sh >>"$1/etc/passwd"
rm -rf "$1/var/lib/postgresql"
install -d -o 70 -g 70 -m 1777 "$1/var/lib/postgresql/data"
install -d -o 70 -g 70 -m 3777 "$1/run/postgresql"
mkdir -p "$1/docker-entrypoint-initdb.d" "$1/etc/envoy"
echo "listen_addresses = '*'" >>"$1/usr/share/postgresql/17/postgresql.conf.sample"
