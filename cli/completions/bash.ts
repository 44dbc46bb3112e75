/** The completion script for bash (Bash Reference Manual, "Programmable Completion"). */
import { branches, type CommandWords, type Offer, shellQuote, tablesOf, walk } from "./words.ts";

function line({ values }: Offer): string {
  if (typeof values === "string") return `kind=${values}`;
  return `known=(${values.map(({ name }) => shellQuote(name)).join(" ")})`;
}

/** Returns a script for bash 3.2 and later. */
export function bashScript(commands: readonly CommandWords[]): string {
  const tables = tablesOf(commands);
  return `# ktcp completion for bash
_ktcp() {
  local at=ktcp place=1 taking= many= kind= word current=\${COMP_WORDS[COMP_CWORD]}
  local -a known=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # bash splits --engine=epoll into three words.
    [ "$word" = "=" ] && continue
${walk(tables)}
  done
  [ "$current" = "=" ] && current=
  case "$many$current" in 1-*) taking= ;; esac
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
    [ -n "$kind" ] || [ \${#known[@]} -gt 0 ] || case "$at" in
${branches(tables.options, line)}
    esac
  fi
  COMPREPLY=()
  if [ -n "$kind" ]; then
    # bash 3.2 has no compopt, so no slash follows directories there.
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
      COMPREPLY+=("$word")
    done < <(if [ "$kind" = file ]; then compgen -f -- "$current"; else compgen -d -- "$current"; fi)
  else
    for word in \${known[@]+"\${known[@]}"}; do
      case "$word" in
      "$current"*)
        printf -v word %q "$word"
        COMPREPLY+=("$word")
        ;;
      esac
    done
  fi
}
complete -F _ktcp ktcp`;
}
