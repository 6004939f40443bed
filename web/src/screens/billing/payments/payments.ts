// Words for payments.
import type { Schemas } from '../../../api/client';
import type { Tone } from '../../../parts/Badge.svelte';

/** What a payment is for. */
export function purposeText(purpose: Schemas['PaymentPurpose']): string {
  switch (purpose.kind) {
    case 'top_up': return 'top-up';
    case 'invoice': return `invoice ${purpose.number}`;
    case 'subscription': return `subscription ${purpose.id}, period ${purpose.period}`;
    case 'bundle': return `bundle ${purpose.product}`;
  }
}

const TONES: Record<Schemas['PaymentState'], Tone> = {
  created: 'info', requires_action: 'warn', processing: 'info', succeeded: 'good', failed: 'bad', unknown: 'warn', cancelled: 'plain',
};

/** The tone of a payment's state. It is not known how an unknown one ends, so that it is no failure. */
export function toneOfPayment(state: Schemas['PaymentState']): Tone {
  return TONES[state];
}

/** What a state means, and what follows. */
export function stateText(state: Schemas['PaymentState']): string {
  switch (state) {
    case 'created': return 'It is written down, and its provider is asked.';
    case 'requires_action': return 'Somebody has to pay it, or to confirm it.';
    case 'processing': return 'The provider has it and has not said how it ends.';
    case 'succeeded': return 'The money is there, and was credited once.';
    case 'failed': return 'It was declined. It may still be paid in another way.';
    case 'unknown': return 'The provider did not say how it ended. It is asked again by itself; nothing is charged twice.';
    case 'cancelled': return 'It is over, and no money came.';
  }
}
