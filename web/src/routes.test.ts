import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AREA_TITLES, routes, type Area } from './routes';

const manual = readFileSync(new URL('../../docs/screens.md', import.meta.url), 'utf8');

/** The screens that the manual names below the heading of an area, as they are titled. */
function told(area: Area): string[] {
  const section = manual.split(/^## /m).find((part) => part.startsWith(`${AREA_TITLES[area]}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \|/gm)].map((row) => row[1] ?? '').filter((name) => name !== 'screen' && !name.startsWith('-'));
  return rows.flatMap((names) => names.split(', ')).map((name) => name.toLowerCase());
}

it.each(Object.keys(AREA_TITLES) as Area[])('every screen of %s stands in the manual, and no other', (area) => {
  const titles = routes.filter((route) => route.area === area).map((route) => route.title.toLowerCase());
  expect([...new Set(told(area))].sort()).toEqual([...new Set(titles)].sort());
});

it('every screen that nobody leads to from another one is in the navigation', () => {
  for (const { path, nav } of routes) expect(nav === true || /:|\/new$/.test(path), path).toBe(true);
});
