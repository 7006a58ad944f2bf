#!/bin/sh
# Makes what deploy/secrets is missing. Never overwrites: a new sealing key would not open what lies in the database, a
# new password would lock the service out of it.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets media

missing() {
    if [ -e "secrets/$1" ]; then
        echo "secrets/$1 is there, left as it is"
        return 1
    fi
}

# 256 bits, in digits and letters that need no quoting anywhere.
random() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

for name in accounts-db-password storefront-db-password redis-password peers-secret; do
    if missing "$name"; then
        random >"secrets/$name.new"
        mv "secrets/$name.new" "secrets/$name"
        echo "secrets/$name made"
    fi
done
if missing sealing-key; then
    random >secrets/sealing-key.new
    mv secrets/sealing-key.new secrets/sealing-key
    echo "secrets/sealing-key made"
fi
if missing signing-key; then
    openssl genpkey -algorithm ed25519 -out secrets/signing-key.new
    mv secrets/signing-key.new secrets/signing-key
    echo "secrets/signing-key made"
fi

# A container sees the files as they are here, owner and mode included. The passwords are read by images that run as
# users of their own, so every user inside may read them; on this machine the folder keeps everyone else out. The
# keys are refused when others may read them, so they belong to the user the sir0 containers run as.
chmod 0700 secrets
chmod 0444 secrets/accounts-db-password secrets/storefront-db-password secrets/redis-password secrets/peers-secret
chmod 0400 secrets/sealing-key secrets/signing-key
owner=10001:10001
if [ "$(id -u)" = 0 ]; then
    chown "$owner" secrets/sealing-key secrets/signing-key media
else
    owner="$(id -u):$(id -g)"
    if ! grep -qs '^CONTAINER_USER=' ../.env; then
        echo "CONTAINER_USER=$owner" >>../.env
        echo "written into .env: the sir0 containers run as you, who own the keys"
    elif ! grep -q "^CONTAINER_USER=$owner\$" ../.env; then
        echo "write CONTAINER_USER=$owner into .env: the sir0 containers must run as you, who own the keys" >&2
        exit 1
    fi
fi
