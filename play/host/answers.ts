/** What all answers of the host have in common. */
import { type Answer, type FieldLine, textAnswer } from "../../servers/mod.ts";
import type { Refusal } from "../protocol.ts";

/**
 * The page loads nothing from elsewhere, runs no script but its own, is shown in no frame, sends its
 * address to nobody, and no other page can read what it receives.
 */
const PROTECTION: readonly FieldLine[] = [
  [
    "Content-Security-Policy",
    [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
  ],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Embedder-Policy", "require-corp"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Cache-Control", "no-store"],
];

/** `answer` as the host sends it. */
export function protectedAnswer(answer: Answer): Answer {
  return { ...answer, fields: [...answer.fields, ...PROTECTION] };
}

/** `text` as content of a type. */
export function contentAnswer(type: string, text: string): Answer {
  return {
    status: 200,
    fields: [["Content-Type", type]],
    content: new TextEncoder().encode(text),
  };
}

/** A value as JSON. */
export function jsonAnswer(value: unknown, status = 200): Answer {
  return { ...contentAnswer("application/json", JSON.stringify(value)), status };
}

/** Says why a request is refused: a {@linkcode Refusal}. */
export function refusalAnswer(
  status: number,
  error: string,
  fields: readonly FieldLine[] = [],
): Answer {
  const refusal: Refusal = { error };
  const answer = jsonAnswer(refusal, status);
  return { ...answer, fields: [...answer.fields, ...fields] };
}

/** The answer to requests without access, which reveals nothing else. */
export function forbiddenAnswer(): Answer {
  return textAnswer(403, "Open the whole address that ktcp play has printed");
}
