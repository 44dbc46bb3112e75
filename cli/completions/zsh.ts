/** The completion script for zsh (zshcompsys(1)). */
import { branches, type CommandWords, type Offer, shellQuote, tablesOf, walk } from "./words.ts";

function line({ values }: Offer): string {
  if (typeof values === "string") return `kind=${values}`;
  const entries = values.map(({ name, description }) =>
    shellQuote(`${name.replaceAll(":", "\\:")}:${description}`)
  );
  return `known=(${entries.join(" ")})`;
}

/** Returns a script for a file `_ktcp` in `$fpath`. */
export function zshScript(commands: readonly CommandWords[]): string {
  const tables = tablesOf(commands);
  return `#compdef ktcp
# ktcp completion for zsh
_ktcp() {
  local at=ktcp place=1 taking= many= kind= word current="$words[CURRENT]"
  local -a known
  for word in "\${(@)words[2,CURRENT-1]}"; do
${walk(tables)}
  done
  case "$many$current" in 1-*) taking= ;; esac
  if [ -z "$taking" ] && [[ "$current" = --*=* ]]; then
    taking="$at \${current%%=*}"
    compset -P '*='
  fi
  if [ -n "$taking" ]; then
    case "$taking" in
${branches(tables.values, line)}
    esac
  else
    case "$current" in
    -*) ;;
    *)
      case "$at $place" in
${branches(tables.places, line)}
      esac
      ;;
    esac
    [ -n "$kind" ] || [ $#known -gt 0 ] || case "$at" in
${branches(tables.options, line)}
    esac
  fi
  case "$kind" in
  file) _files ;;
  directory) _files -/ ;;
  *) [ $#known -eq 0 ] || _describe -t values ktcp known ;;
  esac
}
if [ "$funcstack[1]" = "_ktcp" ]; then _ktcp "$@"; else compdef _ktcp ktcp; fi`;
}
