// Which rows of a long table are drawn. Rows have one height; what is not seen is a gap of the same size.

export interface Shown {
  /** The first row that is drawn. */
  first: number;
  /** The row behind the last one. */
  end: number;
}

/** Rows that are drawn beyond the edges, so that scrolling by a little shows no gap. */
const BEYOND = 12;

/** The rows of a box that is scrolled to `top` and is `height` high. */
export function shownRows(rows: number, rowHeight: number, top: number, height: number): Shown {
  const first = Math.max(0, Math.min(rows, Math.floor(top / rowHeight)) - BEYOND);
  const end = Math.min(rows, Math.ceil((top + height) / rowHeight) + BEYOND);
  return { first: Math.min(first, end), end };
}

/** True if the end of the rows is near enough for the next page to be asked for. */
export function isNearEnd(rows: number, rowHeight: number, top: number, height: number): boolean {
  return top + height >= (rows - BEYOND) * rowHeight;
}
