/** The completion script for fish (fish documentation, "complete"). */
import { type CommandWords, type Offer, tablesOf } from "./words.ts";

/** Between single quotes fish reads only `\\` and `\'` as escapes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** The command that sets what is offered; fish expects a word, a tab, and its description. */
function line({ values }: Offer): string {
  if (values === "file") return "set offered (__fish_complete_path $current)";
  if (values === "directory") return "set offered (__fish_complete_directories $current '')";
  const words = values.map(({ name, description }) =>
    quote(description === "" ? name : `${name}\t${description}`)
  );
  return `set offered ${words.join(" ")}`;
}

function cases(offers: readonly Offer[]): string {
  return offers.map((offer) => {
    const patterns = offer.keys.map((key) => quote(offer.isRepeated ? `${key} *` : key));
    return `    case ${patterns.join(" ")}\n      ${line(offer)}`;
  }).join("\n");
}

/** The branch of a `switch` for all of `keys`; none when there are none. */
function branch(keys: readonly string[], command: string): string[] {
  return keys.length === 0 ? [] : [`      case ${keys.map(quote).join(" ")}\n        ${command}`];
}

/** Returns a script for fish 3.1 and later. */
export function fishScript(commands: readonly CommandWords[]): string {
  const tables = tablesOf(commands);
  return `# ktcp completion for fish
function __ktcp_complete
  set -l at ktcp
  set -l place 1
  set -l taking ''
  set -l many ''
  set -l prefix ''
  set -l offered
  set -l current (commandline -ct)
  for word in (commandline -opc)[2..-1]
    if test -n "$taking"; and begin; test -z "$many"; or not string match -q -- '-*' $word; end
      test -n "$many"; or set taking ''
      continue
    end
    set taking ''
    set many ''
    switch "$at $word"
${
    [
      ...branch(tables.takesOne, 'set taking "$at $word"'),
      ...branch(tables.takesMany, 'set taking "$at $word"; set many 1'),
      "      case '* -*'",
      ...branch(tables.paths, 'set at "$at $word"; set place 1'),
      "      case '*'\n        set place (math $place + 1)",
    ].join("\n")
  }
    end
  end
  string match -q -- '1-*' $many$current; and set taking ''
  if test -z "$taking"; and string match -q -- '--*=*' $current
    set prefix (string replace -r '=.*' '=' -- $current)
    set taking "$at "(string replace -r '=.*' '' -- $current)
    set current (string replace -r '^[^=]*=' '' -- $current)
  end
  if test -n "$taking"
    switch "$taking"
${cases(tables.values)}
    end
  else
    string match -q -- '-*' $current; or switch "$at $place"
${cases(tables.places)}
    end
    test (count $offered) -gt 0; or switch "$at"
${cases(tables.options)}
    end
  end
  for word in $offered
    echo $prefix$word
  end
end
complete -c ktcp -f -a '(__ktcp_complete)'`;
}
