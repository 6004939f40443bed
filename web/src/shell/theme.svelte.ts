// Light or dark: as the system has it, until the viewer says otherwise.

type Choice = 'system' | 'light' | 'dark';
const KEPT = 'tollgate.theme';

class Theme {
  choice = $state<Choice>('system');
  /** What is drawn now. Charts read their colours again when it changes. */
  isDark = $state(false);
}

export const theme = new Theme();

/** Draws by the choice that was kept, and follows the system from then on. */
export function applyTheme(): void {
  const kept = localStorage.getItem(KEPT);
  theme.choice = kept === 'light' || kept === 'dark' ? kept : 'system';
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}

export function choose(choice: Choice): void {
  theme.choice = choice;
  if (choice === 'system') localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, choice);
  draw();
}

function draw(): void {
  theme.isDark = theme.choice === 'dark' || (theme.choice === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = theme.isDark ? 'dark' : 'light';
}
