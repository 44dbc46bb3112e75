/** Hands out the set-up as a link, and opens one. */
import { linkToShare, openLink } from "../address_sync.ts";
import { t } from "../i18n/mod.ts";
import { complain, say } from "../notices.ts";

async function copyLink(): Promise<void> {
  const link = linkToShare();
  try {
    await navigator.clipboard.writeText(link);
    say(t("link.copied"));
  } catch {
    complain(t("link.notCopied", { link }));
  }
}

/** The tools. */
export function LinkTools() {
  return (
    <section class="card" aria-labelledby="link-title">
      <h3 id="link-title">{t("link.title")}</h3>
      <p class="row">
        <button type="button" onClick={copyLink} aria-describedby="link-note">
          {t("link.copy")}
        </button>
      </p>
      <p class="note" id="link-note">{t("link.note")}</p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const input = event.currentTarget.elements.namedItem("link") as HTMLInputElement;
          if (openLink(input.value)) input.value = "";
        }}
      >
        <label for="link-open">{t("link.open.label")}</label>
        <input id="link-open" name="link" type="text" autocomplete="off" spellcheck={false} />
        <button type="submit">{t("link.openButton")}</button>
      </form>
    </section>
  );
}
