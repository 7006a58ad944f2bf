#!/bin/sh
# The password goes in by a file, so that it stands in no list of processes. Nothing here is worth keeping: copies are
# dropped when room is short, and a restart begins empty.
set -eu
umask 077
printf 'requirepass %s\n' "$(cat /run/secrets/redis-password)" >/tmp/redis.conf
exec redis-server /tmp/redis.conf --dir /tmp --save '' --appendonly no --maxmemory 256mb --maxmemory-policy allkeys-lru
