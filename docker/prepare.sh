#!/bin/sh
# What compose.yaml needs and no repository may hold: passwords in secrets/, and the name of the new Kafka cluster in .env.
# What is there already is left alone.
set -eu
cd "$(dirname "$0")"

word() { # 32 characters out of 64, of a kind that needs no escape in a URL
  head -c 24 /dev/urandom | base64 | tr '+/' '-_'
}

keep() { # keep NAME TEXT: a new file of that text
  [ -e "secrets/$1" ] || { printf '%s' "$2" > "secrets/$1"; chmod 0444 "secrets/$1"; echo "secrets/$1"; }
}

# The folder keeps other people of this machine out; the files must be readable for the users within the containers.
mkdir -p secrets
chmod 0700 secrets
keep postgres_password "$(word)"
keep hub_db_password "$(word)"
keep dashboard_password "$(word)"
keep store_url "postgresql://wastehub:$(cat secrets/hub_db_password)@postgres:5432/wastehub"

if [ ! -e .env ]; then
  # A Kafka id is 16 bytes in base64 without padding, and does not begin with a dash.
  printf 'KAFKA_CLUSTER_ID=W%s\n' "$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)" > .env
  echo .env
fi
