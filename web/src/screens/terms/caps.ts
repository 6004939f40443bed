// Spending caps as they are typed, and what each would do from now on.
import type { Schemas } from '../../api/client';
import { many } from '../../format/number';
import { compare, micros, money as moneyText } from '../../format/money';

export type Cap = Schemas['AccountCap'];
export type CapState = Schemas['CapState'];
export const SPANS: Record<Schemas['CapSpan'], string> = { minute: 'minute', hour: 'hour', day: 'day', month: 'month' };

/** One cap of a form: every field as the text that is typed or chosen. */
export interface CapEntry {
  name: string;
  span: Schemas['CapSpan'];
  money: string;
  messages: string;
  hard: boolean;
  countries: string;
  /** What the form does not show. */
  kept: Pick<Cap, 'networks' | 'prefixes' | 'gives_back'>;
}

/** The caps of an account as a form begins with. */
export function capEntries(caps: readonly Cap[]): CapEntry[] {
  return caps.map(({ name, span, max_amount, max_messages, hard, countries, networks, prefixes, gives_back }) => ({
    name, span, money: String(max_amount ?? ''), messages: max_messages == null ? '' : String(max_messages), hard: hard ?? false,
    countries: (countries ?? []).join(', '), kept: { networks, prefixes, gives_back },
  }));
}

/** A cap of a form that is new. */
export function newCap(): CapEntry {
  return { name: '', span: 'day', money: '', messages: '', hard: true, countries: '', kept: {} };
}

/** What is wrong with the caps of a form, in words; nothing where they can be sent. The server says the rest. */
export function capsFault(entries: readonly CapEntry[]): string | undefined {
  const names = new Set<string>();
  for (const { name, money, messages } of entries) {
    const shown = name.trim();
    if (!/^[\w.-]{1,64}$/.test(shown)) return 'Each cap needs a name of letters, digits, “_”, “-” or “.”.';
    if (names.has(shown)) return `The name ${shown} is there twice.`;
    names.add(shown);
    if (money.trim() !== '' && (micros(money) ?? 0n) <= 0n) return `The money of ${shown} is no amount above zero.`;
    if (messages.trim() !== '' && !/^[1-9]\d{0,14}$/.test(messages.trim())) return `The messages of ${shown} are no number above zero.`;
    if (money.trim() === '' && messages.trim() === '') return `The cap ${shown} limits nothing yet: give it money, messages or both.`;
  }
  return undefined;
}

/** The caps that a form asks for. */
export function capsInput(entries: readonly CapEntry[]): Cap[] {
  return entries.map(({ name, span, money, messages, hard, countries, kept }) => {
    const codes = countries.toUpperCase().split(/[\s,;]+/).filter(Boolean);
    return {
      ...kept, name: name.trim(), span, hard,
      max_amount: money.trim() || null,
      max_messages: messages.trim() === '' ? null : Number(messages.trim()),
      countries: codes.length > 0 ? codes : null,
    };
  });
}

/** The limit of a cap in words. */
export function limitText(cap: { max_amount?: string | number | null; max_messages?: number | null; span: string }, currency: string): string {
  const parts = [cap.max_amount == null ? '' : moneyText(cap.max_amount, currency), cap.max_messages == null ? '' : many(cap.max_messages, 'message')];
  return `${parts.filter(Boolean).join(' and ')} a ${cap.span}`;
}

/** A cap of a form in words. */
export function entryText({ span, money, messages, hard, countries }: CapEntry): string {
  const parts = [money.trim(), messages.trim() && `${messages.trim()} messages`].filter(Boolean);
  return `${parts.join(' and ')} a ${span}${countries.trim() ? ` to ${countries.trim()}` : ''}${hard ? '' : ', as a warning'}`;
}

/** What each cap would be, beside what it is, and whether it would be reached at once. */
export function capChanges(states: readonly CapState[], after: readonly Cap[], currency: string): { name: string; from: string; to: string; reached: boolean }[] {
  const changes = after.flatMap((cap) => {
    const state = states.find((one) => one.name === cap.name);
    const to = `${limitText(cap, currency)}, ${cap.hard ? 'beyond which messages are refused' : 'beyond which there is an alert'}`;
    // Another span is another cap, and begins at zero.
    const counts = state && state.span === cap.span;
    const reached = counts === true && ((cap.max_amount != null && compare(state.amount, cap.max_amount) >= 0) || (cap.max_messages != null && state.messages >= cap.max_messages));
    const from = state ? `${limitText(state, currency)}, ${state.hard ? 'beyond which messages are refused' : 'beyond which there is an alert'}` : 'none';
    return from === to ? [] : [{ name: cap.name, from: counts ? `${from} (${moneyText(state.amount, currency)} and ${many(state.messages, 'message')} so far)` : from, to, reached }];
  });
  const removed = states.filter((state) => !after.some((cap) => cap.name === state.name));
  return [...changes, ...removed.map((state) => ({ name: state.name, from: limitText(state, currency), to: 'no limit', reached: false }))];
}
