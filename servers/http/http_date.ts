/**
 * HTTP-date, RFC 9110 §5.6.7. Pure.
 *
 *     IMF-fixdate   Sun, 06 Nov 1994 08:49:37 GMT
 *     rfc850-date   Sunday, 06-Nov-94 08:49:37 GMT      obsolete
 *     asctime-date  Sun Nov  6 08:49:37 1994            obsolete
 */

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTH = `(${MONTHS.join("|")})`;
const TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";
const IMF_FIXDATE = new RegExp(`^${DAY}, (\\d\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`);
const RFC850_DATE = new RegExp(`^${LONG_DAY}, (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} GMT$`);
const ASCTIME_DATE = new RegExp(`^${DAY} ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * Parses an HTTP-date in any of its three forms.
 *
 * @param nowMs current time in ms, by which the two-digit year of an rfc850-date is placed: at most
 * 50 years in the future
 * @returns whole seconds since 1970, or undefined for anything that is not a valid date
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  let match = IMF_FIXDATE.exec(text);
  if (match) return seconds(+match[3], match[2], +match[1], match.slice(4));
  match = RFC850_DATE.exec(text);
  if (match) {
    const thisYear = new Date(nowMs).getUTCFullYear();
    const inThisCentury = thisYear - thisYear % 100 + Number(match[3]);
    const year = inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
    return seconds(year, match[2], +match[1], match.slice(4));
  }
  match = ASCTIME_DATE.exec(text);
  if (match) return seconds(+match[6], match[1], +match[2], match.slice(3, 6));
  return undefined;
}

function seconds(year: number, month: string, day: number, time: string[]): number | undefined {
  const [hour, minute, second] = time.map(Number);
  if (hour > 23 || minute > 59 || second > 60) return undefined; // 60: a leap second
  const date = new Date(0);
  date.setUTCFullYear(year, MONTHS.indexOf(month), day);
  if (date.getUTCDate() !== day) return undefined; // 31 Feb rolled over
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

/** Writes whole seconds since 1970 as an IMF-fixdate. */
export function formatHttpDate(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toUTCString();
}
