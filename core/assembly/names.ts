/**
 * Recognises methods and the field names that a server needs, by comparing whole words.
 *
 * A name's length selects a few candidates; its bytes are then compared eight at a time, with
 * overlapping loads where the length is not a multiple of eight. Setting bit 0x20 makes letters
 * lower case (names are case-insensitive, RFC 9110 section 5.1); "-" has the bit already, and no
 * other byte that setting the bit turns into a wanted one is a tchar.
 *
 * The constants are the words read as little-endian numbers; the comment next to each gives the
 * name.
 */
import { Field, Method } from "../shared/abi";

const LOWER: u64 = 0x2020202020202020;

/** The known field called by the `length` tchars at `name`, `Field.Count` for all others. */
export function knownField(name: usize, length: u32): u32 {
  switch (length) {
    case 4: {
      // The first and the last four bytes.
      const word = (<u64>load<u32>(name) | (<u64>load<u32>(name + 0) << 32)) | LOWER;
      if (word == 0x74736f6874736f68) return Field.Host; // host
      break;
    }
    case 5: {
      // The first and the last four bytes.
      const word = (<u64>load<u32>(name) | (<u64>load<u32>(name + 1) << 32)) | LOWER;
      if (word == 0x65676e61676e6172) return Field.Range; // range
      break;
    }
    case 6: {
      // The first and the last four bytes.
      const word = (<u64>load<u32>(name) | (<u64>load<u32>(name + 2) << 32)) | LOWER;
      if (word == 0x7463657065707865) return Field.Expect; // expect
      if (word == 0x7470656365636361) return Field.Accept; // accept
      if (word == 0x6e6967696769726f) return Field.Origin; // origin
      break;
    }
    case 7: {
      // The first and the last four bytes.
      const word = (<u64>load<u32>(name) | (<u64>load<u32>(name + 3) << 32)) | LOWER;
      if (word == 0x7265726565666572) return Field.Referer; // referer
      break;
    }
    case 8: {
      const word = load<u64>(name) | LOWER;
      if (word == 0x65676e61722d6669) return Field.IfRange; // if-range
      if (word == 0x686374616d2d6669) return Field.IfMatch; // if-match
      break;
    }
    case 10: {
      const first = load<u64>(name) | LOWER;
      const last = load<u64>(name + 2) | LOWER;
      if (first == 0x697463656e6e6f63 && last == 0x6e6f697463656e6e) {
        return Field.Connection; // connection
      }
      if (first == 0x6567612d72657375 && last == 0x746e6567612d7265) {
        return Field.UserAgent; // user-agent
      }
      break;
    }
    case 13: {
      const first = load<u64>(name) | LOWER;
      const last = load<u64>(name + 5) | LOWER;
      if (first == 0x2d656e6f6e2d6669 && last == 0x686374616d2d656e) {
        return Field.IfNoneMatch; // if-none-match
      }
      if (first == 0x7a69726f68747561 && last == 0x6e6f6974617a6972) {
        return Field.Authorization; // authorization
      }
      break;
    }
    case 14: {
      const first = load<u64>(name) | LOWER;
      const last = load<u64>(name + 6) | LOWER;
      if (first == 0x2d746e65746e6f63 && last == 0x6874676e656c2d74) {
        return Field.ContentLength; // content-length
      }
      break;
    }
    case 15: {
      const first = load<u64>(name) | LOWER;
      const last = load<u64>(name + 7) | LOWER;
      if (first == 0x652d747065636361 && last == 0x676e69646f636e65) {
        return Field.AcceptEncoding; // accept-encoding
      }
      if (first == 0x726177726f662d78 && last == 0x726f662d64656472) {
        return Field.XForwardedFor; // x-forwarded-for
      }
      break;
    }
    case 17: {
      const first = load<u64>(name) | LOWER;
      const last = load<u64>(name + 9) | LOWER;
      if (first == 0x726566736e617274 && last == 0x676e69646f636e65 && (load<u64>(name + 8) | LOWER) == 0x6e69646f636e652d) {
        return Field.TransferEncoding; // transfer-encoding
      }
      if (first == 0x6669646f6d2d6669 && last == 0x65636e69732d6465 && (load<u64>(name + 8) | LOWER) == 0x636e69732d646569) {
        return Field.IfModifiedSince; // if-modified-since
      }
      break;
    }
    case 19: {
      const first = load<u64>(name) | LOWER;
      const last = load<u64>(name + 11) | LOWER;
      if (first == 0x646f6d6e752d6669 && last == 0x65636e69732d6465 && (load<u64>(name + 8) | LOWER) == 0x69732d6465696669) {
        return Field.IfUnmodifiedSince; // if-unmodified-since
      }
      break;
    }
    default:
      break;
  }
  return Field.Count;
}

/** The known method at `p`, if SP follows it; `Method.Unknown` for anything else. */
@inline
export function knownMethod(p: usize): u32 {
  const word = load<u32>(p);
  // Case matters (RFC 9110 section 9.1).
  if (word == 0x20544547) return Method.Get; // GET SP
  switch (word) {
    case 0x44414548: // HEAD
      return load<u8>(p + 4) == 0x20 ? Method.Head : Method.Unknown;
    case 0x54534f50: // POST
      return load<u8>(p + 4) == 0x20 ? Method.Post : Method.Unknown;
    case 0x20545550: // PUT SP
      return Method.Put;
    case 0x454c4544: // DELE, ETE SP
      return load<u32>(p + 3) == 0x20455445 ? Method.Delete : Method.Unknown;
    case 0x4e4e4f43: // CONN, ECT SP
      return load<u32>(p + 4) == 0x20544345 ? Method.Connect : Method.Unknown;
    case 0x4954504f: // OPTI, ONS SP
      return load<u32>(p + 4) == 0x20534e4f ? Method.Options : Method.Unknown;
    case 0x43415254: // TRAC, E SP
      return load<u16>(p + 4) == 0x2045 ? Method.Trace : Method.Unknown;
    case 0x43544150: // PATC, H SP
      return load<u16>(p + 4) == 0x2048 ? Method.Patch : Method.Unknown;
    default:
      return Method.Unknown;
  }
}

/** Bytes of a known method's name. */
@inline
export function methodLength(method: u32): u32 {
  switch (method) {
    case Method.Get:
    case Method.Put:
      return 3;
    case Method.Head:
    case Method.Post:
      return 4;
    case Method.Trace:
    case Method.Patch:
      return 5;
    case Method.Delete:
      return 6;
    default:
      return 7; // CONNECT, OPTIONS
  }
}
