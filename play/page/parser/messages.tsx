/** The requests that the core has read, with all of their fields. */
import { formatByte } from "../bytes/notation.ts";
import { t } from "../i18n/mod.ts";
import type { ReadMessage } from "./reading.ts";

/** The most characters of a value that are shown. */
const MOST_SHOWN = 300;

/** `text`, each character a byte, on one line. */
function shown(text: string): string {
  const line = Array.from(text.slice(0, MOST_SHOWN), (char) => formatByte(char.charCodeAt(0)))
    .join("");
  return text.length > MOST_SHOWN ? `${line}…` : line;
}

/** A table for each request. */
export function Messages({ messages }: { messages: readonly ReadMessage[] }) {
  return (
    <div class="messages">
      <h3>{t("parser.messages")}</h3>
      {messages.length === 0 && <p class="hint">{t("parser.noMessages")}</p>}
      {messages.map((message, i) => (
        <table key={message.from}>
          <caption>{t("parser.message", { request: i + 1 })}</caption>
          <tbody>
            <Row name={t("parser.what.method")} value={message.method} />
            <Row name={t("parser.what.target")} value={message.target} />
            <Row name={t("parser.what.version")} value={`HTTP/${message.version}`} />
            {message.fields.map(([name, value], at) => (
              <Row key={at} name={name} value={value} isField />
            ))}
            <tr>
              <th scope="row">{t("parser.framing")}</th>
              <td>{t(`parser.framing.${message.framing!}`)}</td>
            </tr>
            <Row
              name={t("parser.contentOf", { bytes: message.content.length })}
              value={message.content}
            />
            <tr>
              <th scope="row">{t("parser.after")}</th>
              <td>{t(message.keepsAlive ? "parser.keeps" : "parser.closes")}</td>
            </tr>
          </tbody>
        </table>
      ))}
    </div>
  );
}

function Row({ name, value, isField }: { name: string; value: string; isField?: boolean }) {
  return (
    <tr class={isField ? "is-field" : ""}>
      <th scope="row">{isField ? <code>{name}</code> : name}</th>
      <td>{value === "" ? "–" : <code>{shown(value)}</code>}</td>
    </tr>
  );
}
