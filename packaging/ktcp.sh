#!/bin/sh
# Runs ktcp @VERSION@, which is in /usr/lib/ktcp with the deno that runs it.
# Deno keeps compiled code in the user's cache. Without one, the folder is below /dev/null, where
# nothing can be kept: Deno works without.
case ${XDG_CACHE_HOME-} in
/*) cache=$XDG_CACHE_HOME ;;
*) cache=${HOME:+$HOME/.cache} ;;
esac
export DENO_DIR="${cache:-/dev/null}/ktcp-deno" DENO_NO_UPDATE_CHECK=1
exec /usr/lib/ktcp/deno run @FLAGS@ /usr/lib/ktcp/app/@ENTRY@ "$@"
