// What the link of a mail carries behind its `#`.

export interface MailedLink {
  token: string;
  /** The address that the mail went to, where the link says it. */
  email: string;
}

/** Reads a link's fragment, such as `#token=…&email=ann%40example.com`. */
export function mailed(fragment: string): MailedLink {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  return { token: values.get('token')?.trim() ?? '', email: values.get('email')?.trim() ?? '' };
}
