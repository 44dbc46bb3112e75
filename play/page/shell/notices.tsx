/** News in a line that is read aloud, and complaints that stay until they are dismissed. */
import { t } from "../i18n/mod.ts";
import { complaints, dismiss, news } from "../notices.ts";
import { link } from "../store.ts";

/** The line of news. */
export function News() {
  return <p class="news" role="status">{news.value}</p>;
}

/** What went wrong. */
export function Complaints() {
  return (
    <div class="complaints" role="alert">
      {link.value === "lost" && <p class="complaint">{t("link.lostLong")}</p>}
      {link.value === "ended" && (
        <p class="complaint">
          <span>{t("link.endedLong")}</span>
          <button type="button" onClick={() => location.reload()}>{t("link.reload")}</button>
        </p>
      )}
      {complaints.value.map((text) => (
        <p class="complaint" key={text}>
          <span>{text}</span>
          <button type="button" onClick={() => dismiss(text)}>{t("complaint.dismiss")}</button>
        </p>
      ))}
    </div>
  );
}
