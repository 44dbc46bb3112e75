/** What charts and canvases share: observers tell them their size, and whether they are visible. */
import { useEffect, useRef } from "preact/hooks";
import { cancelDraw, scheduleDraw } from "./drawing.ts";

/** A picture in its element. */
export interface Picture {
  /** To be called with the new size, in CSS px. */
  resize(width: number, height: number): void;
  draw(): void;
  destroy(): void;
}

/**
 * Keeps a picture in an element: it is created once (again when `key` changes), told its size by an
 * observer, and drawn after each render in an animation frame, while it is on the screen.
 */
export function usePicture(create: (element: HTMLElement) => Picture, key: unknown) {
  const element = useRef<HTMLDivElement>(null);
  const schedule = useRef<() => void>(() => {});

  useEffect(() => {
    const picture = create(element.current!);
    let isSeen = false;
    let isSized = false;
    const draw = () => {
      if (isSeen && isSized) picture.draw();
    };
    schedule.current = () => scheduleDraw(draw);
    const sizes = new ResizeObserver(([{ contentRect: { width, height } }]) => {
      isSized = width > 0 && height > 0;
      if (!isSized) return;
      picture.resize(width, height);
      scheduleDraw(draw);
    });
    const views = new IntersectionObserver(([entry]) => {
      isSeen = entry.isIntersecting;
      scheduleDraw(draw);
    });
    sizes.observe(element.current!);
    views.observe(element.current!);
    return () => {
      sizes.disconnect();
      views.disconnect();
      cancelDraw(draw);
      picture.destroy();
    };
  }, [key]);

  useEffect(() => schedule.current());
  return element;
}
