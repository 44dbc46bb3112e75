/**
 * The flags and limits of a workqueue, by the kernel's names. docs/workqueue.md lists how each
 * differs from the kernel.
 */

/** Items are not tied to a core: any idle Worker takes them, without concurrency management. */
export const WQ_UNBOUND = 1 << 1;
/** `freezeWorkqueues` stops this queue: active items finish, no other starts. */
export const WQ_FREEZABLE = 1 << 2;
/** A Worker is kept in reserve (the rescuer) that runs items when no other can be created. */
export const WQ_MEM_RECLAIM = 1 << 3;
/** Items go to pools of their own, so that they never wait behind normal items. */
export const WQ_HIGHPRI = 1 << 4;
/** Items do not count as running in a bound pool: others on that core start beside them. */
export const WQ_CPU_INTENSIVE = 1 << 5;

/** The flags by their names, without `WQ_` and in lower case. */
export const WQ_FLAGS: Readonly<Record<string, number>> = {
  unbound: WQ_UNBOUND,
  freezable: WQ_FREEZABLE,
  mem_reclaim: WQ_MEM_RECLAIM,
  highpri: WQ_HIGHPRI,
  cpu_intensive: WQ_CPU_INTENSIVE,
};

/** The largest `maxActive`. */
export const WQ_MAX_ACTIVE = 2048;
/** The `maxActive` that 0 stands for. */
export const WQ_DFL_ACTIVE = 256;
