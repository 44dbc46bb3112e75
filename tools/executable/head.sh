#!/bin/sh
# ktcp @VERSION@: this text, then a gzip-compressed tar archive of the program and the deno that runs it.
sha256=@SHA256@ bytes=@BYTES@ # of all that follows this line; of the whole file
# At the first start the archive is checked and unpacked into a private cache directory; later
# starts run what lies there, if it is all there: cleaners of caches remove or cut off single files.
# Everything but the last lines runs in a subshell, so that neither
# variables nor the longer PATH reach the program.

refuse() {
  printf 'ktcp: %s\n' "$1" >&2
  exit 1
}

# Prints inode, mode, links, owner, group, size and more of the file $1: in numbers, on one line.
facts() {
  ls -dinL "$1" 2>/dev/null
}

# Whether directory $1 is the user's own and closed to everybody else; made if it is missing.
private() {
  [ -d "$1" ] || { mkdir -p "${1%/*}" && mkdir -m 700 "$1"; } 2>/dev/null
  [ -d "$1" ] && [ ! -h "$1" ] && [ -O "$1" ] && [ -w "$1" ] || return 1
  set -- $(facts "$1")
  case ${2-} in drwx--[-S]---*) return 0 ;; esac
  return 1
}

# Sets cache to the first directory that can be had.
find_cache() {
  case ${XDG_CACHE_HOME-} in /*) cache=$XDG_CACHE_HOME/ktcp && private "$cache" && return ;; esac
  case ${HOME-} in /*) cache=$HOME/.cache/ktcp && [ -d "$HOME" ] && private "$cache" && return ;; esac
  cache=${TMPDIR:-/tmp}/ktcp-$(id -u) && private "$cache" && return
  refuse "cannot use $cache as cache: it must be a directory of your own with mode 0700; set XDG_CACHE_HOME to a directory you can write to"
}

sha256_of_rest() {
  if command -v sha256sum >/dev/null; then set -- sha256sum
  elif command -v shasum >/dev/null; then set -- shasum -a 256
  elif command -v openssl >/dev/null; then set -- openssl dgst -sha256 -r
  else refuse "cannot check $self: none of sha256sum, shasum and openssl is installed"
  fi
  set -- $(tail -n +4 "$self" | "$@")
  printf %s "${1-}"
}

# Checks a file that has not been checked before, or not since it changed, and remembers that.
verify() {
  [ -f "$seen" ] && ! [ "$self" -nt "$seen" ] && ! [ "$self" -ot "$seen" ] && return
  sum=$(sha256_of_rest) || exit
  [ "$sum" = "$sha256" ] ||
    refuse "$self is damaged: its SHA-256 is not the one it was built with; get it again"
  verified=yes
}

# Removes what killed first starts left behind, and versions that were not started for 30 days.
prune() {
  for old in "$cache"/.new.*; do
    [ -n "$(find "$old" -prune -mtime +0 2>/dev/null)" ] && rm -rf "$old"
  done
  for old in "$cache"/*/started; do
    [ -n "$(find "$old" -prune -mtime +30 2>/dev/null)" ] && rm -rf "${old%/*}"
  done
}

# Whether all files of the program in $1 are there, in their sizes. Their contents are not looked at:
# that would take longer than to unpack them.
whole() (
  cd "$1" 2>/dev/null || exit
  found=
  # Mode, links, owner, group, size, month, day, time or year, name.
  set -- $(LC_ALL=C ls -dnL @NAMES@ 2>/dev/null)
  while [ $# -ge 9 ]; do
    found="$found $9 $5"
    shift 9
  done
  [ "$found" = " @SIZES@" ]
)

# Unpacks beside the final place and renames: others see all of it or nothing.
unpack() {
  set +f
  prune
  new=$cache/.new.$$
  while [ -e "$new" ]; do new=$new.; done
  trap 'rm -rf "$new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -m 700 "$new" &&
    tail -n +@PAYLOAD_LINE@ "$self" | gzip -dc 2>/dev/null | (cd "$new" && tar -xof - 2>/dev/null) ||
    refuse "cannot unpack into $cache: it takes @UNPACKED_MB@ MB; make room, or set XDG_CACHE_HOME to another directory"
  "$new/deno" --version >/dev/null 2>&1 ||
    refuse "cannot run what was unpacked into $cache: either it is mounted noexec, then set XDG_CACHE_HOME to a directory elsewhere, or this is not a machine for @TARGET@"
  mkdir "$new/seen" "$new/deno_dir"
  # What is incomplete gives way; who runs it keeps its files open. Where there was nothing, another
  # start may put the finished directory there at this moment, which has to stay.
  [ ! -e "$program" ] || whole "$program" || mv "$program" "$new/old" 2>/dev/null
  # When another start was faster, mv puts this one into the finished directory, harmlessly.
  mv "$new" "$program" 2>/dev/null && rm -rf "$program/old" "$program/${new##*/}"
  whole "$program" || refuse "cannot rename $new to $program"
  set -f
}

# Prints the directory of the checked and unpacked program.
prepare() {
  set -f
  umask 077
  case $1 in */*) self=$1 ;; *) self=./$1 ;; esac
  set -- $(facts "$self")
  [ $# -ge 6 ] || refuse "cannot read $self"
  [ "$6" = "$bytes" ] || refuse "$self is truncated or damaged: it has $6 bytes, not $bytes; get it again"
  find_cache
  program=$cache/$sha256
  seen=$program/seen/$1
  verified=
  verify
  whole "$program" || unpack
  [ -z "$verified" ] || touch -r "$self" "$seen" 2>/dev/null
  true 2>/dev/null >"$program/started"
  printf %s "$program"
}

program=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; prepare "$0") || exit
export DENO_DIR="$program/deno_dir" DENO_NO_UPDATE_CHECK=1
exec "$program/deno" run @FLAGS@ "$program/app/@ENTRY@" "$@"
