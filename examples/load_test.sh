#!/bin/sh
# A load test for CI: starts a server, sends it 200 requests per second for three seconds, and fails
# if a request fails or if more than one in a hundred takes longer than LIMIT.
#
#     LIMIT=50ms ./load_test.sh
set -eu
limit=${LIMIT:-50ms}
log=$(mktemp)

# Replace this with your own server; it has to print a line when it is ready.
ktcp http --port 0 . > "$log" &
server=$!
trap 'kill "$server" 2> /dev/null; rm -f "$log"' EXIT
until grep -q listening "$log"; do sleep 0.1; done
address=$(sed 's/.*listening on //' "$log")

ktcp htstress --keep-alive -c 8 --rate 200 --duration 3s \
  --expect-status 200 --fail-if 'errors>0' --fail-if "p99>$limit" "$address"
