// The pages that are for somebody who is not logged in yet, and that links of mails lead to. Their values stand behind the `#` of the
// address, which a browser sends to nobody.
import type { Component } from 'svelte';

/** By their paths below /app; none of them is a screen's. */
export const entries: Record<string, () => Promise<{ default: Component }>> = {
  '/set-password': () => import('./SetPassword.svelte'),
  '/forgot-password': () => import('./ForgotPassword.svelte'),
  '/verify-email': () => import('./VerifyEmail.svelte'),
};
