// The ways in which money comes in, for people.
import type { Schemas } from '../../../api/client';

type Method = Schemas['PaymentMethod'];

export const PROVIDERS: Record<Schemas['PaymentProvider'], string> = { manual: 'Bank transfer', stripe: 'Card', paypal: 'PayPal' };

/** A saved method: its brand and last digits, or its kind. */
export function methodText(method: Method): string {
  const name = [method.brand ?? method.kind, method.last4 && `ending in ${method.last4}`].filter(Boolean).join(' ');
  return `${name}${method.expires ? `, until ${method.expires}` : ''} (${PROVIDERS[method.provider]})`;
}

/** The thing that a payment is for. */
export function purposeText(purpose: Schemas['PaymentPurpose']): string {
  switch (purpose.kind) {
    case 'invoice': return `invoice ${purpose.number}`;
    case 'bundle': return `bundle ${purpose.product}`;
    case 'subscription': return `subscription, period ${purpose.period}`;
    default: return 'top-up';
  }
}
