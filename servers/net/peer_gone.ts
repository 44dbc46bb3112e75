/** The peer of a connection is gone, which is an event and not a fault: it is counted. */
export class PeerGone extends Error {
  override name = "PeerGone";
}
