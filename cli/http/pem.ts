/** What PEM files hold: text with blocks between `-----BEGIN LABEL-----` and `-----END LABEL-----`. */

/** A block, with its lines as they stand in the file. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, `RSA PRIVATE KEY` … */
  label: string;
  text: string;
}

const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$[\s\S]*?^-----END \1-----\s*$/gm;

/** The blocks of `text`, in order, wherever they stand. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([whole, label]) => ({ label, text: `${whole.trim()}\n` }));
}
