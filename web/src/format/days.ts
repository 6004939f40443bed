// Days that a person picks, as instants in the viewer's zone.

/** The first instant of a day. */
export function dayStart(day: string | null): string | undefined {
  return instant(day, 0);
}

/** The first instant behind a day. */
export function dayEnd(day: string | null): string | undefined {
  return instant(day, 1);
}

function instant(day: string | null, later: number): string | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day ?? '');
  if (!parts) return undefined;
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + later).toISOString();
}
