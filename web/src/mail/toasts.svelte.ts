/** Short messages at the edge of the page, read aloud too, with an action such as Undo. */

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'error';
  action?: { label: string; run: () => void };
}

const STAYS = 7_000;

export class Toasts {
  list = $state<Toast[]>([]);
  /** Said by screen readers only: arriving mail, results found. */
  spoken = $state('');
  private next = 1;

  /** Gives back its id, to take it back early. */
  show(text: string, action?: Toast['action'], tone: Toast['tone'] = 'plain'): number {
    const id = this.next++;
    this.list = [...this.list.slice(-1), { id, text, tone, action }];
    setTimeout(() => this.close(id), tone === 'error' ? STAYS * 1.5 : STAYS);
    return id;
  }

  error(text: string): void {
    this.show(text, undefined, 'error');
  }

  say(text: string): void {
    this.spoken = text;
  }

  close(id: number): void {
    this.list = this.list.filter((t) => t.id !== id);
  }

  /** The latest action still on screen, for the keyboard. */
  runLatest(): void {
    const toast = this.list.findLast((t) => t.action);
    if (!toast) return;
    this.close(toast.id);
    toast.action!.run();
  }
}
