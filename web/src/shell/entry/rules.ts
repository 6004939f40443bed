// The rules of a password that a page can tell while it is typed. How hard it is to guess, the server says.

/** Length of a password in characters, as the server has it. */
const LEAST = 12;
const MOST = 128;
/** A name in front of the @ that is shorter may be part of a password by chance. */
const NAME_LEAST = 4;

export interface PasswordRule {
  text: string;
  holds: boolean;
}

/** The rules with whether a password keeps them. */
export function rulesOf(password: string, email: string): PasswordRule[] {
  const length = [...password].length;
  const [lower, address] = [password.toLowerCase(), email.toLowerCase()];
  const name = address.split('@')[0] ?? '';
  const isNamed = address !== '' && (lower.includes(address) || (name.length >= NAME_LEAST && lower.includes(name)));
  return [
    { text: `${LEAST} to ${MOST} characters`, holds: length >= LEAST && length <= MOST },
    { text: 'Without your e-mail address', holds: length > 0 && !isNamed },
  ];
}
