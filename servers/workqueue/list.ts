/**
 * An intrusive doubly linked list: append, prepend and remove anywhere in constant time, without
 * allocation. A node is in at most one list.
 */

/** What a list can hold. */
export interface ListNode<Node> {
  prev: Node | null;
  next: Node | null;
}

/** A first-in, first-out list of nodes. */
export class List<Node extends ListNode<Node>> {
  #head: Node | null = null;
  #tail: Node | null = null;
  #size = 0;

  /** How many nodes are in the list. */
  get size(): number {
    return this.#size;
  }

  /** The oldest node, or `null` when the list is empty. */
  get head(): Node | null {
    return this.#head;
  }

  /** Appends `node`. */
  push(node: Node): void {
    node.prev = this.#tail;
    node.next = null;
    if (this.#tail) this.#tail.next = node;
    else this.#head = node;
    this.#tail = node;
    this.#size++;
  }

  /** Prepends `node`. */
  unshift(node: Node): void {
    node.next = this.#head;
    node.prev = null;
    if (this.#head) this.#head.prev = node;
    else this.#tail = node;
    this.#head = node;
    this.#size++;
  }

  /** Takes `node` out; it must be in this list. */
  remove(node: Node): void {
    if (node.prev) node.prev.next = node.next;
    else this.#head = node.next;
    if (node.next) node.next.prev = node.prev;
    else this.#tail = node.prev;
    node.prev = node.next = null;
    this.#size--;
  }

  /** Takes out the oldest node, or returns `null`. */
  shift(): Node | null {
    const node = this.#head;
    if (node) this.remove(node);
    return node;
  }
}
