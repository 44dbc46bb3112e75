/** The driver of a connection that a thread of a pool has for a while. */
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import { MSG_DONTWAIT, MSG_PEEK, recv } from "../../../../../system/linux/socket.ts";
import { Connection, type ConnectionContext } from "../../../connection.ts";
import type { Want } from "../../../driver.ts";
import type { Effect } from "../../../service.ts";
import { type DescriptorContext, DescriptorDriver } from "../descriptor_driver.ts";

/** Whoever has the drivers of a thread. */
export interface DriverHost {
  /** `driver` has done what it can do for now. */
  settle(driver: PoolDriver): void;
}

/**
 * A driver with its connection. Both stand for one connection after the other, so that the way of a
 * request allocates nothing.
 */
export class PoolDriver extends DescriptorDriver {
  /** The same one for ever: it stands for whichever connection this does. */
  declare connection: Connection;
  /** It will go on in the next turn. */
  isDueAgain = false;
  /** Its socket is watched for this thread alone. */
  isPrivate = false;
  isClosed = false;
  /** What its connection has answered and threads have counted: at its end it counts all of it. */
  counted = 0;
  /** The host deals with an event, and settles it afterwards. */
  isHandling = false;
  readonly #context: DescriptorContext;
  readonly #host: DriverHost;

  constructor(context: DescriptorContext, connections: ConnectionContext, host: DriverHost) {
    super(context, -1);
    this.#context = context;
    this.#host = host;
    this.connection = new Connection(connections, this, 0, "");
  }

  /** Stands for the new connection `conn` with `peer`, on `fd`. */
  begin(fd: number, conn: number, peer: string): void {
    this.#renew(fd, conn, peer);
    super.renew(fd);
  }

  /** Goes on with a connection on `fd`, of whose driver another thread has `saved` this. */
  take(fd: number, saved: number, conn: number, peer: string): void {
    this.#renew(fd, conn, peer);
    this.restore(fd, saved);
  }

  #renew(fd: number, conn: number, peer: string): void {
    this.isDueAgain = this.isPrivate = this.isClosed = false;
    this.counted = 0;
    this.connection.renew(conn, peer);
    this.connection.wheelSlot = fd;
  }

  /** It waits for its socket and for nothing else: any thread may go on with it. */
  get isParkable(): boolean {
    const { connection } = this;
    return this.wanted !== Interest.None && !this.isDueAgain && !connection.isAwaiting &&
      !connection.isWriting;
  }

  /** Its service waits for room to send what only this thread has. */
  get waitsForRoom(): boolean {
    return (this.wanted & Interest.Write) !== 0 && !this.isDueAgain && this.connection.isWriting;
  }

  override advance(want: Want): void {
    super.advance(want);
    if (!this.isHandling) this.#host.settle(this);
  }

  override await(effect: Promise<Effect>): void {
    effect.then(
      (effect) => this.#resume(() => this.connection.resumed(effect)),
      (error) => this.#resume(() => this.connection.rejected(error)),
    );
  }

  #resume(resume: () => Want): void {
    this.isHandling = true;
    try {
      this.advance(resume());
    } catch (error) {
      this.broken(error);
    } finally {
      this.isHandling = false;
    }
    this.#host.settle(this);
  }

  /** No thread has time for what the peer sent: refuses it. */
  refuse(): void {
    const { core, pointers, counts } = this.#context;
    const { conn } = this.connection;
    const room = core.makeRoom(conn);
    ++counts.calls;
    const count = recv(this.fd, pointers.at(core.inputStart(conn)), room, MSG_DONTWAIT);
    if (count <= 0) return;
    this.isHandling = true;
    this.advance(this.connection.refused(count));
    this.isHandling = false;
  }

  /** What the peer sent waits in the kernel: no thread had time for it. */
  wasHeldUp(): boolean {
    const { core, pointers, counts } = this.#context;
    ++counts.calls;
    // There is always room, as a connection that receives has taken what it can.
    const start = core.inputStart(this.connection.conn);
    return recv(this.fd, pointers.at(start), 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
}
