/** Being told of changes: EventSource while it works, polling with back-off while it does not (RFC 8620 §7.3). */

import { expand } from './client';
import type { StateChange } from './types';

const PING_SECONDS = 30;
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 120_000;

export interface PushHandlers {
  /** Something may have changed; without a value the listener must look by itself. */
  changed: (change: StateChange | null) => void;
  live: (on: boolean) => void;
}

export class Push {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;
  private stopped = false;

  constructor(
    private readonly template: string,
    private readonly on: PushHandlers,
  ) {}

  start(): void {
    this.stopped = false;
    document.addEventListener('visibilitychange', this.wake);
    window.addEventListener('online', this.wake);
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    document.removeEventListener('visibilitychange', this.wake);
    window.removeEventListener('online', this.wake);
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private connect(): void {
    this.source?.close();
    const url = expand(this.template, { types: '*', closeafter: 'no', ping: String(PING_SECONDS) });
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => {
      this.wait = FIRST_WAIT;
      this.on.live(true);
      // Whatever happened while nobody listened.
      this.on.changed(null);
    };
    source.addEventListener('state', (event) => {
      this.on.changed(JSON.parse((event as MessageEvent<string>).data) as StateChange);
    });
    source.onerror = () => {
      this.on.live(false);
      // CONNECTING: the browser tries again by itself. CLOSED: the server refused, so we poll.
      if (source.readyState === EventSource.CLOSED) this.later();
    };
  }

  private later(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.on.changed(null);
      this.connect();
    }, this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private readonly wake = (): void => {
    if (document.visibilityState !== 'visible') return;
    this.wait = FIRST_WAIT;
    if (!this.source || this.source.readyState === EventSource.CLOSED) this.connect();
  };
}
