/** A canvas that is drawn at most once in an animation frame, sharp at every device pixel ratio. */
import { useRef } from "preact/hooks";
import { type Palette, palette } from "./palette.ts";
import { usePicture } from "./use_picture.ts";

/** The area to draw on, in CSS px. */
export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  palette: Palette;
}

export interface CanvasProps {
  /** What the canvas shows, for those who do not see it. */
  label: string;
  /** In px, or a function of the width. */
  height: number | ((width: number) => number);
  draw: (surface: Surface) => void;
}

/** A canvas as wide as its place. */
export function Canvas(props: CanvasProps) {
  const current = useRef(props);
  current.current = props;
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
        const { height, draw } = current.current;
        // The observer sees the new height before anything is painted, and this is called again.
        if (typeof height === "function") element.style.height = `${height(size.width)}px`;
        const ratio = devicePixelRatio;
        if (isStale) {
          canvas.width = Math.round(size.width * ratio);
          canvas.height = Math.round(size.height * ratio);
          isStale = false;
        }
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, size.width, size.height);
        draw({ context, ...size, palette: colours });
      },
      destroy() {},
    };
  }, colours);
  const { label, height } = props;
  return (
    <div
      class="canvas"
      ref={element}
      style={typeof height === "number" ? { height: `${height}px` } : { minHeight: "1px" }}
    >
      <canvas role="img" aria-label={label} />
    </div>
  );
}
