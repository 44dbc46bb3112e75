/** A canvas that is drawn at most once in an animation frame, sharp at every device pixel ratio. */
import { useRef } from "preact/hooks";
import { type Palette, palette } from "./palette.ts";
import { usePicture } from "./use_picture.ts";

/** The place to draw on, in CSS px. */
export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  palette: Palette;
}

/** A canvas. What it shows is said by `label`, and in full by a table beside it. */
export function Canvas(
  { label, height, draw }: { label: string; height: number; draw: (surface: Surface) => void },
) {
  const current = useRef(draw);
  current.current = draw;
  const colours = palette.value;
  const element = usePicture((element) => {
    const canvas = element.querySelector("canvas")!;
    const context = canvas.getContext("2d")!;
    const size = { width: 0, height: 0 };
    let isStale = true;
    return {
      resize(width, height) {
        Object.assign(size, { width, height });
        isStale = true;
      },
      draw() {
        const ratio = devicePixelRatio;
        if (isStale) {
          canvas.width = Math.round(size.width * ratio);
          canvas.height = Math.round(size.height * ratio);
          isStale = false;
        }
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, size.width, size.height);
        current.current({ context, ...size, palette: colours });
      },
      destroy() {},
    };
  }, colours);
  return (
    <div class="canvas" ref={element} style={{ height: `${height}px` }}>
      <canvas role="img" aria-label={label} />
    </div>
  );
}
