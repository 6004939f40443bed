// Accessibility of what a page shows, by the rules of axe.
import type { Page } from '@playwright/test';
import axe from 'axe-core';

/** Serious findings: rule, place, what is wrong there, and the element. Of the given rules alone, where some are given. */
export async function faults(page: Page, rules?: readonly string[]): Promise<string[]> {
  // A page that stays has the rules from the first time on.
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe.source);
  return page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run({ resultTypes: ['violations'], ...(only ? { runOnly: { type: 'rule', values: [...only] } } : {}) });
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.flatMap(({ id, nodes }) => nodes.map(({ target, html, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary?.replaceAll(/\s+/g, ' ')} ${html}`));
  }, rules);
}
