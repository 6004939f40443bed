// Real values for the parameters of screens' paths.
import type { Role } from '../src/session/session.svelte';
import { scene } from './scene';

const VALUES: Record<string, (role: Role) => string | undefined> = {
  operator: () => 'alpha',
  account: () => 'acme',
  import: () => scene().import,
  customer: () => 'cityclinic',
  list: () => 'retail',
  invoice: (role) => scene().invoices[role] ?? scene().invoice,
  message: (role) => scene().messages[role] ?? scene().messages.customer,
  note: () => scene().note,
  statement: () => scene().statement,
  payment: () => scene().payment,
};

/** A path in which every parameter has a value that exists, and that the role may see. */
export function examples(path: string, role: Role): string {
  return path.replace(/:([a-z]+)/g, (_, name: string) => {
    const value = VALUES[name]?.(role);
    if (!value) throw new Error(`tests/examples.ts has no value for :${name} of ${path}`);
    return encodeURIComponent(value);
  });
}
