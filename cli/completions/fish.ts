/** The completion script for fish (fish documentation, "complete"). */
import type { CommandWords, OptionWords } from "./words.ts";

/** Between single quotes fish reads only `\\` and `\'` as escapes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Holds where `path` is the command on the line, and no deeper one. */
function condition({ path, commands }: CommandWords): string {
  const [, ...words] = path.split(" ");
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const names = commands.map(({ name }) => name).join(" ");
  const deeper = names ? [`not __fish_seen_subcommand_from ${names}`] : [];
  return quote([...seen, ...deeper].join("; and "));
}

function optionLine(when: string, option: OptionWords): string {
  const { long, short, description, takesValue, choices } = option;
  return [
    `complete -c ktcp -n ${when} -l ${long.slice(2)}`,
    ...(short ? [`-s ${short.slice(1)}`] : []),
    ...(choices.length > 0 ? [`-xa ${quote(choices.join(" "))}`] : takesValue ? ["-rF"] : []),
    `-d ${quote(description)}`,
  ].join(" ");
}

/** Returns a script for fish 3.0 and later. */
export function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => {
    const when = condition(command);
    const words = [
      ...command.commands,
      ...command.choices.map((name) => ({ name, description: "" })),
    ];
    return [
      ...words.map(({ name, description }) =>
        `complete -c ktcp -n ${when} -a ${quote(name)} -d ${quote(description)}`
      ),
      ...command.options.map((option) => optionLine(when, option)),
    ];
  });
  return ["# ktcp completion for fish", "complete -c ktcp -f", ...lines].join("\n");
}
