/** The completion script for bash (Bash Reference Manual, "Programmable Completion"). */
import { caseBranches, type CommandWords, shellQuote, valueBranches } from "./words.ts";

/** Returns a script for bash 3.2 and later. */
export function bashScript(commands: readonly CommandWords[]): string {
  const words = ({ commands, options, choices }: CommandWords) =>
    [
      ...commands.map(({ name }) => name),
      ...choices,
      ...options.flatMap(({ long, short }) => short ? [long, short] : [long]),
    ].map(shellQuote).join(" ");
  return `# ktcp completion for bash
_ktcp() {
  local at=ktcp current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local word value=
  local -a known=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${commands.slice(1).map(({ path }) => shellQuote(path)).join("|")}) at="$at $word" ;;
    esac
  done
  case "$at $previous" in
${valueBranches(commands, "known")}
  esac
  [ -n "$value" ] || case "$at" in
${caseBranches(commands, (command) => `known=(${words(command)})`)}
  esac
  # Nothing known: "-o default" offers files.
  COMPREPLY=()
  [ \${#known[@]} -eq 0 ] || COMPREPLY=($(compgen -W "\${known[*]}" -- "$current"))
}
complete -o default -F _ktcp ktcp`;
}
