#!/bin/sh
# A load test for CI: starts a server, puts 200 requests a second on it for three seconds, and fails
# when a request fails or one of a hundred takes longer than LIMIT.
#
#     LIMIT=50ms ./load_test.sh
set -eu
limit=${LIMIT:-50ms}
log=$(mktemp)

# Yours in place of this one; it has to say when it is ready.
ktcp http --port 0 . > "$log" &
server=$!
trap 'kill "$server" 2> /dev/null; rm -f "$log"' EXIT
until grep -q listening "$log"; do sleep 0.1; done
address=$(sed 's/.*listening on //' "$log")

ktcp htstress --keep-alive -c 8 --rate 200 --duration 3s \
  --expect-status 200 --fail-if 'errors>0' --fail-if "p99>$limit" "$address"
