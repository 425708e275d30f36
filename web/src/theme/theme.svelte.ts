/** Light, dark or as the system says; remembered on this device. */

export type Choice = 'system' | 'light' | 'dark';

const KEY = 'pillarbox.theme';
const night = matchMedia('(prefers-color-scheme: dark)');

class Theme {
  choice = $state<Choice>('system');
  private system = $state(night.matches);
  readonly dark = $derived(this.choice === 'dark' || (this.choice === 'system' && this.system));

  constructor() {
    night.addEventListener('change', (e) => (this.system = e.matches));
    const kept = localStorage.getItem(KEY);
    if (kept === 'light' || kept === 'dark') this.set(kept);
  }

  set(choice: Choice): void {
    this.choice = choice;
    const root = document.documentElement;
    if (choice === 'system') {
      delete root.dataset.theme;
      localStorage.removeItem(KEY);
    } else {
      root.dataset.theme = choice;
      localStorage.setItem(KEY, choice);
    }
  }

  next(): void {
    this.set(this.choice === 'system' ? (this.dark ? 'light' : 'dark') : this.choice === 'dark' ? 'light' : 'dark');
  }
}

export const theme = new Theme();
