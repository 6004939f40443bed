// The account of whoever is logged in.
import { session } from './session.svelte';

/** The id of the viewer's own account. Screens of an account are shown to those alone who have one. */
export function own(): string {
  return session.user?.account ?? '';
}
