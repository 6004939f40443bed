// The pages that are for somebody who is not logged in yet, and that links of mails lead to. Their values stand behind the `#` of the
// address, which a browser sends to nobody.
import type { Component } from 'svelte';
import ForgotPassword from './ForgotPassword.svelte';
import SetPassword from './SetPassword.svelte';
import VerifyEmail from './VerifyEmail.svelte';

/** Paths below /app; none of them is a screen's. */
export const entries: Record<string, Component> = {
  '/set-password': SetPassword,
  '/forgot-password': ForgotPassword,
  '/verify-email': VerifyEmail,
};
