/** The driver of a connection while a thread of a pool holds it. */
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import { MSG_DONTWAIT, MSG_PEEK, recv } from "../../../../../system/linux/socket.ts";
import { Connection, type ConnectionContext } from "../../../connection.ts";
import type { Want } from "../../../driver.ts";
import type { Effect } from "../../../service.ts";
import { type DescriptorContext, DescriptorDriver } from "../descriptor_driver.ts";

/** The owner of a thread's drivers. */
export interface DriverHost {
  /** Called when `driver` has done what it can for now. */
  settle(driver: PoolDriver): void;
}

/**
 * A driver with its connection object. Both are reused for one connection after another, so that
 * serving a request allocates nothing.
 */
export class PoolDriver extends DescriptorDriver {
  /** Always the same object; it is reused together with this driver. */
  declare connection: Connection;
  /** Whether it continues in the next turn. */
  isDueAgain = false;
  /** Whether its socket is watched for this thread alone. */
  isPrivate = false;
  isClosed = false;
  /**
   * Answers of its connection that threads have counted already; the connection counts all of them
   * when it ends.
   */
  counted = 0;
  /** Whether the host is handling an event, and will settle it afterwards. */
  isHandling = false;
  readonly #context: DescriptorContext;
  readonly #host: DriverHost;

  constructor(context: DescriptorContext, connections: ConnectionContext, host: DriverHost) {
    super(context, -1);
    this.#context = context;
    this.#host = host;
    this.connection = new Connection(connections, this, 0, "");
  }

  /** Starts to serve the new connection `conn` with `peer` on `fd`. */
  begin(fd: number, conn: number, peer: string): void {
    this.#renew(fd, conn, peer);
    super.renew(fd);
  }

  /** Continues with a connection on `fd`, whose driver's state another thread has `saved`. */
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

  /** Whether it waits for nothing but its socket, so that any thread may continue with it. */
  get isParkable(): boolean {
    const { connection } = this;
    return this.wanted !== Interest.None && !this.isDueAgain && !connection.isAwaiting &&
      !connection.isWriting;
  }

  /** Whether its service waits for room to send output that only this thread has. */
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

  /** Refuses what the peer sent, because no thread has time for it. */
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

  /** Whether input waits in the kernel because no thread had time for it. */
  wasHeldUp(): boolean {
    const { core, pointers, counts } = this.#context;
    ++counts.calls;
    // There is always room, because a connection that receives has consumed what it can.
    const start = core.inputStart(this.connection.conn);
    return recv(this.fd, pointers.at(start), 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
}
