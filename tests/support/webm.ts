/**
 * Makes WebM videos in which every frame can be sought to, out of VP8 key frames. A lossy WebP image is
 * such a frame in another box, and any browser makes those.
 *
 * Matroska (RFC 9559) is a tree of elements: id, size, content.
 */

/** A video to be made. */
export interface Video {
  /** Lossy WebP images, all of the same size. */
  images: readonly Uint8Array[];
  width: number;
  height: number;
  /** Time of each. */
  frameMs: number;
}

/** Ids of the elements that are used. */
const Id = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  codecId: 0x86,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
};

const TRACK = 1;
const KEY_FRAME = 0x80;
const NS_PER_MS = 1e6;

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `value` in 8 bytes, so that a number's size does not depend on it. */
function uint(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function float(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function element(id: number, ...content: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const head = uint(id);
  const firstByte = head.findIndex((byte) => byte !== 0);
  const size = uint(content.reduce((sum, { length }) => sum + length, 0));
  size[0] = 0x01; // a size of 8 bytes
  return joined([head.subarray(firstByte), size, ...content]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** The VP8 frame within a WebP image: the chunk `VP8 ` of a RIFF file. */
function vp8Of(webp: Uint8Array): Uint8Array {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.length);
  for (let at = 12; at + 8 <= webp.length;) {
    const name = new TextDecoder().decode(webp.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (name === "VP8 ") return webp.subarray(at + 8, at + 8 + size);
    at += 8 + size + size % 2;
  }
  throw new Error("The image is no lossy WebP");
}

/** The bytes of `video`. */
export function webm({ images, width, height, frameMs }: Video): Uint8Array<ArrayBuffer> {
  const info = element(
    Id.info,
    element(Id.timestampScale, uint(NS_PER_MS)),
    element(Id.duration, float(images.length * frameMs)),
    element(Id.muxingApp, text("ktcp test")),
    element(Id.writingApp, text("ktcp test")),
  );
  const tracks = element(
    Id.tracks,
    element(
      Id.trackEntry,
      element(Id.trackNumber, uint(TRACK)),
      element(Id.trackUid, uint(TRACK)),
      element(Id.trackType, uint(1)),
      element(Id.codecId, text("V_VP8")),
      element(
        Id.video,
        element(Id.pixelWidth, uint(width)),
        element(Id.pixelHeight, uint(height)),
      ),
    ),
  );
  const clusters = images.map((image, index) =>
    element(
      Id.cluster,
      element(Id.timestamp, uint(index * frameMs)),
      // Track number, time relative to the cluster's (16 bits), flags.
      element(Id.simpleBlock, new Uint8Array([0x80 | TRACK, 0, 0, KEY_FRAME]), vp8Of(image)),
    )
  );
  const cues = (start: number) => {
    let position = start;
    return element(
      Id.cues,
      ...clusters.map((cluster, index) => {
        const at = position;
        position += cluster.length;
        return element(
          Id.cuePoint,
          element(Id.cueTime, uint(index * frameMs)),
          element(
            Id.cueTrackPositions,
            element(Id.cueTrack, uint(TRACK)),
            element(Id.cueClusterPosition, uint(at)),
          ),
        );
      }),
    );
  };
  // Before the clusters, whose positions count from the segment's content.
  const index = cues(info.length + tracks.length + cues(0).length);
  return joined([
    element(
      Id.ebml,
      element(Id.docType, text("webm")),
      element(Id.docTypeVersion, uint(2)),
      element(Id.docTypeReadVersion, uint(2)),
    ),
    element(Id.segment, info, tracks, index, ...clusters),
  ]);
}
