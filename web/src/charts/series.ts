// Lines of a chart and their values, apart from drawing.
import type { Span } from '../format/time';

/** One line. Its values are drawn by position only; what is read is `text`, made of the exact value. */
export interface Line {
  name: string;
  values: readonly (number | null)[];
  /** The value at a position, for people. By default the number itself. */
  text?: (at: number) => string;
  /** The number of the colour, 1 to 6; by default the line's place. */
  colour?: number;
}

/** Times of the points in seconds since 1970, and the lines over them. */
export interface Drawing {
  times: readonly number[];
  lines: readonly Line[];
  /** The zone that times are told in; by default the viewer's. */
  zone?: string;
  /** True if each point is a day of the zone, which is told by its date alone. */
  days?: boolean;
}

/** How the time of a point is told. */
export function spanOf(drawing: Drawing): Span {
  return drawing.days ? 'date' : 'seconds';
}

/** The text of a line's value at a position. */
export function valueText(line: Line, at: number): string {
  if (line.text) return line.text(at);
  const value = line.values[at];
  return value === null || value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: 3 });
}

/** True if a line has a value with none beside it, which can be seen as a point alone. */
export function hasLoneValue({ values }: Line): boolean {
  return values.some((value, at) => value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null);
}

/** The position nearest to the one that is wanted, within what there is. */
export function clamp(at: number, points: number): number {
  return Math.max(0, Math.min(points - 1, at));
}

/** Where a key moves the cursor of a chart; `undefined` for other keys. */
export function moved(key: string, at: number | undefined, points: number): number | undefined {
  const from = at ?? points;
  switch (key) {
    case 'ArrowLeft': return clamp(from - 1, points);
    case 'ArrowRight': return clamp((at ?? -1) + 1, points);
    case 'PageUp': return clamp(from - 10, points);
    case 'PageDown': return clamp((at ?? -1) + 10, points);
    case 'Home': return 0;
    case 'End': return points - 1;
    default: return undefined;
  }
}
