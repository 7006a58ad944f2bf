#!/bin/sh
# Makes what is missing of the secrets (deploy/make-secrets.sh), and puts them into the cluster, as the Secrets that the
# Deployments refer to. Any other way to the same names, each with its value under the key `value`, is as good.
set -eu
cd "$(dirname "$0")/.."
./make-secrets.sh
cd secrets
kubectl get namespace sir0 >/dev/null 2>&1 || kubectl create --filename ../kubernetes/base/namespace.yaml
for name in accounts-db-password storefront-db-password redis-password sealing-key signing-key peers-secret; do
    if kubectl --namespace sir0 get secret "$name" >/dev/null 2>&1; then
        echo "secret/$name is there, left as it is"
    else
        kubectl --namespace sir0 create secret generic "$name" --from-file="value=$name"
    fi
done
