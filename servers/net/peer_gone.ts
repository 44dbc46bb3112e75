/** The peer of a connection is gone. This is a normal event, which is counted, and not a bug. */
export class PeerGone extends Error {
  override name = "PeerGone";
}
