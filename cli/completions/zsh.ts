/** The completion script for zsh (zshcompsys(1)). */
import { caseBranches, type CommandWords, shellQuote, valueBranches } from "./words.ts";

/** Returns a script for a file `_ktcp` in `$fpath`. */
export function zshScript(commands: readonly CommandWords[]): string {
  const entry = (word: string, description: string) =>
    shellQuote(`${word.replaceAll(":", "\\:")}:${description}`);
  const entries = ({ commands, options, choices }: CommandWords) =>
    [
      ...commands.map(({ name, description }) => entry(name, description)),
      ...choices.map((choice) => entry(choice, "")),
      ...options.map(({ long, description }) => entry(long, description)),
    ].join(" ");
  return `#compdef ktcp
# ktcp completion for zsh
_ktcp() {
  local at=ktcp word value=
  local -a known
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${commands.slice(1).map(({ path }) => `(${shellQuote(path)})`).join("|")}) at="$at $word" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${valueBranches(commands, "known")}
  esac
  [ -n "$value" ] || case "$at" in
${caseBranches(commands, (command) => `known=(${entries(command)})`)}
  esac
  if (( $#known )); then _describe -t values ktcp known; else _files; fi
}
if [ "$funcstack[1]" = "_ktcp" ]; then _ktcp "$@"; else compdef _ktcp ktcp; fi`;
}
