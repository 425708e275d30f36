/** The open conversation: its messages with their bodies, and which of them are unfolded. */

import { SvelteSet } from 'svelte/reactivity';
import type { Client } from '../jmap/client';
import { explain, JmapError } from '../jmap/errors';
import { BODY_PROPERTIES, DETAIL, type EmailDetail, type Id } from '../jmap/types';
import type { Emails } from './emails.svelte';

const MOST_TEXT = 400_000;

export class Conversation {
  threadId = $state<Id>('');
  messages = $state.raw<EmailDetail[]>([]);
  status = $state<'empty' | 'loading' | 'ready' | 'failed' | 'gone'>('empty');
  error = $state('');
  readonly open = new SvelteSet<Id>();

  constructor(
    private readonly client: Client,
    private readonly emails: Emails,
  ) {}

  close(): void {
    this.threadId = '';
    this.messages = [];
    this.status = 'empty';
  }

  async show(threadId: Id): Promise<void> {
    if (threadId !== this.threadId) {
      this.threadId = threadId;
      this.messages = [];
      this.open.clear();
      this.status = 'loading';
    }
    await this.load(true);
  }

  /** After a change elsewhere: flags come from the store of messages, so only a different set of messages matters. */
  async refresh(): Promise<void> {
    if (!this.threadId || this.status === 'loading') return;
    const known = this.emails.threads.get(this.threadId);
    if (known && known.length === this.messages.length && known.every((id, i) => this.messages[i]?.id === id)) return;
    await this.load(false);
  }

  toggle(id: Id): void {
    if (!this.open.delete(id)) this.open.add(id);
  }

  private async load(first: boolean): Promise<void> {
    const wanted = this.threadId;
    try {
      const messages = await this.read(wanted);
      if (wanted !== this.threadId) return;
      const before = new Set(this.messages.map((m) => m.id));
      this.messages = messages;
      this.status = messages.length ? 'ready' : 'gone';
      if (first) this.unfold(messages);
      else messages.filter((m) => !before.has(m.id)).forEach((m) => this.open.add(m.id));
    } catch (error) {
      if (wanted !== this.threadId || this.messages.length) return;
      this.error = explain(error);
      this.status = error instanceof JmapError && error.type === 'notFound' ? 'gone' : 'failed';
    }
  }

  private async read(threadId: Id): Promise<EmailDetail[]> {
    const batch = this.client.batch();
    const thread = batch.add('Thread/get', { ids: [threadId] });
    const emails = batch.add('Email/get', {
      '#ids': thread.ref('/list/*/emailIds'),
      properties: DETAIL,
      bodyProperties: BODY_PROPERTIES,
      fetchTextBodyValues: true,
      maxBodyValueBytes: MOST_TEXT,
    });
    await batch.send();
    const [threads, got] = [await thread.result, await emails.result];
    this.emails.putThreads(threads.list);
    this.emails.put(got.list);
    const order = threads.list[0]?.emailIds ?? [];
    return (got.list as EmailDetail[]).sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  }

  /** The newest message and every unread one are open, the rest is one line each. */
  private unfold(messages: EmailDetail[]): void {
    for (const m of messages) if (!m.keywords.$seen && !m.keywords.$draft) this.open.add(m.id);
    const last = messages.findLast((m) => !m.keywords.$draft) ?? messages.at(-1);
    if (last) this.open.add(last.id);
  }
}
