/**
 * What RFC 9110 and RFC 9112 require of any server, by row of the table of HTTP rules: how serious
 * it is to refuse well-formed requests, and to serve malformed ones. The table decides more than
 * the RFCs do; what they leave open is `hardening` here.
 */
import type { Level } from "../case.ts";

/** How a row is graded. */
export interface Rule {
  reference: string;
  /** How serious it is if a well-formed request of this row is not served. */
  valid: Level;
  /** The likely cause of such a failure. */
  validCause: string;
  /** How serious it is if a malformed request of this row is not refused. */
  refuse: Level;
  /** The likely cause of such a failure. */
  refuseCause: string;
  /** Statuses that count as a refusal; default: any from 400 on, or a close without a response. */
  status?: readonly number[];
  /** Whether the connection has to end whatever the answer is. */
  closes?: boolean;
  /** Whether serving the request is right, too. */
  mayServe?: boolean;
  /** Whether any final status is right for the well-formed requests of this row. */
  anyStatus?: boolean;
}

const LINE = { validCause: "refuses-line", refuseCause: "accepts-line" };
const FIELD = { validCause: "refuses-field", refuseCause: "accepts-field" };
const HOST = { validCause: "refuses-host", refuseCause: "accepts-host" };
const FRAMING = { validCause: "body-left", refuseCause: "accepts-framing" };
const CHUNKED = { validCause: "chunked-unread", refuseCause: "accepts-chunked" };
const PERSISTENCE = { validCause: "persistence", refuseCause: "accepts-line" };

/**
 * The fault is in the content: a response may come before the content is read, if the connection
 * then ends.
 */
const BODY = { mayServe: true, closes: true };

function rule(
  reference: string,
  valid: Level,
  refuse: Level,
  causes: Pick<Rule, "validCause" | "refuseCause">,
  more: Pick<Rule, "status" | "closes" | "mayServe" | "anyStatus"> = {},
): Rule {
  return { reference: `RFC ${reference}`, valid, refuse, ...causes, ...more };
}

/** By row, 1 to 40. */
export const RULES: Readonly<Record<number, Rule>> = {
  1: rule("9112 section 5.2", "must", "hardening", FIELD),
  2: rule("9112 section 2.2", "must", "hardening", FIELD),
  3: rule("9112 section 2.2", "must", "hardening", LINE),
  4: rule("9112 section 2.2", "must", "hardening", LINE),
  5: rule("9112 section 2.2", "should", "hardening", LINE),
  6: rule("9112 section 6.1", "must", "must", FRAMING, { closes: true, mayServe: true }),
  7: rule("9112 section 6.3", "must", "must", FRAMING, { status: [400, 411, 413], closes: true }),
  8: rule("9112 section 6.3", "must", "hardening", FRAMING),
  9: rule("9110 section 8.6", "must", "must", FRAMING),
  10: rule("9112 section 6.3", "must", "must", FRAMING, { status: [400, 501], closes: true }),
  11: rule("9112 section 6.1", "must", "should", FRAMING, { status: [400, 501] }),
  12: rule("9112 section 7", "must", "hardening", CHUNKED),
  13: rule("9112 section 6.1", "must", "must", FRAMING, { closes: true, mayServe: true }),
  14: rule("9112 section 5.1", "must", "must", FIELD, { status: [400] }),
  15: rule("9112 section 3.2", "must", "hardening", HOST, { status: [400] }),
  16: rule("9112 section 3.2", "must", "should", HOST),
  17: rule("9112 section 3.2.2", "must", "hardening", LINE),
  18: rule("9112 section 3.2.3", "hardening", "should", LINE, { anyStatus: true }),
  19: rule("9112 section 3.2.4", "should", "should", LINE, { anyStatus: true }),
  20: rule("9112 section 3.2", "must", "hardening", LINE),
  21: rule("9110 section 9.1", "should", "hardening", LINE, { anyStatus: true }),
  22: rule("9112 section 3", "must", "hardening", LINE),
  23: rule("9110 section 5.1", "must", "hardening", FIELD),
  24: rule("9110 section 5.5", "must", "hardening", FIELD),
  25: rule("9112 section 5.1", "must", "hardening", FIELD),
  26: rule("9112 section 7.1", "must", "should", CHUNKED, BODY),
  27: rule("9112 section 7.1.1", "must", "hardening", CHUNKED, BODY),
  28: rule("9112 section 7.1.2", "must", "hardening", CHUNKED, BODY),
  29: rule("9110 section 10.1.1", "must", "hardening", {
    validCause: "expect",
    refuseCause: "accepts-framing",
  }),
  30: rule("9112 section 3", "should", "hardening", LINE),
  31: rule("9110 section 5.4", "hardening", "hardening", FIELD),
  32: rule("9112 section 2.3", "must", "hardening", LINE),
  33: rule("9110 section 6.2", "should", "hardening", LINE),
  34: rule("9112 section 8", "must", "hardening", LINE),
  35: rule("9112 section 9.3.2", "must", "hardening", {
    validCause: "drops-pipelined",
    refuseCause: "accepts-line",
  }),
  36: rule("9112 section 9.3", "must", "hardening", PERSISTENCE),
  37: rule("9110 section 9.3.2", "must", "hardening", {
    validCause: "head-content",
    refuseCause: "accepts-line",
  }),
  38: rule("9112 section 6.3", "must", "hardening", FRAMING),
  39: rule("9110 section 7.8", "should", "hardening", FIELD),
  40: rule("9112 section 3", "must", "should", {
    validCause: "refuses-line",
    refuseCause: "accepts-noise",
  }),
};
