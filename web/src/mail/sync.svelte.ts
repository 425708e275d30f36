/** Keeping up: push says that something changed, /changes says what, and only that is read again (RFC 8620 §5.2). */

import type { Client } from '../jmap/client';
import { JmapError } from '../jmap/errors';
import type { ChangesResult } from '../jmap/methods';
import { Push } from '../jmap/push';
import type { EmailSummary, Id, StateChange } from '../jmap/types';
import type { Emails } from './emails.svelte';
import type { Mailboxes } from './mailboxes.svelte';

const MOST_CHANGES = 500;

export interface SyncHandlers {
  /** Messages appeared, changed or went. */
  emails: (arrived: EmailSummary[]) => void;
}

export class Sync {
  live = $state(false);
  private push: Push | null = null;
  private emailState = '';
  private running = false;
  private again = false;

  constructor(
    private readonly client: Client,
    private readonly emails: Emails,
    private readonly mailboxes: Mailboxes,
    private readonly on: SyncHandlers,
  ) {}

  async start(): Promise<void> {
    this.emailState = (await this.client.call('Email/get', { ids: [] })).state;
    this.push?.stop();
    this.push = new Push(this.client.session!.eventSourceUrl, {
      changed: (change) => this.changed(change),
      live: (on) => (this.live = on),
    });
    this.push.start();
  }

  stop(): void {
    this.push?.stop();
    this.push = null;
    this.live = false;
  }

  private changed(change: StateChange | null): void {
    const mine = change?.changed[this.client.accountId];
    if (change && !mine) return;
    if (mine && (mine.Email ?? this.emailState) === this.emailState && (mine.Mailbox ?? this.mailboxes.state) === this.mailboxes.state) return;
    void this.catchUp();
  }

  /** One look at a time; what comes meanwhile leads to one more. */
  async catchUp(): Promise<void> {
    this.again = true;
    if (this.running) return;
    this.running = true;
    try {
      while (this.again) {
        this.again = false;
        await this.look();
      }
    } catch (error) {
      if (error instanceof JmapError && error.type === 'cannotCalculateChanges') await this.startOver();
      // Offline or expired: the next push, poll or sign-in comes back here.
    } finally {
      this.running = false;
    }
  }

  private async look(): Promise<void> {
    const batch = this.client.batch();
    const boxes = batch.add('Mailbox/changes', { sinceState: this.mailboxes.state, maxChanges: MOST_CHANGES });
    const mail = batch.add('Email/changes', { sinceState: this.emailState, maxChanges: MOST_CHANGES });
    await batch.send();
    await this.takeMailboxes(await boxes.result);
    await this.takeEmails(await mail.result);
  }

  private async takeMailboxes(changes: ChangesResult): Promise<void> {
    const ids = [...changes.created, ...changes.updated];
    if (ids.length) {
      const got = await this.client.call('Mailbox/get', { ids });
      const fresh = new Map(got.list.map((m) => [m.id, m]));
      const kept = this.mailboxes.list.map((m) => fresh.get(m.id) ?? m);
      const added = got.list.filter((m) => !this.mailboxes.byId.has(m.id));
      this.mailboxes.list = [...kept, ...added];
    }
    const gone = new Set(changes.destroyed);
    if (gone.size) this.mailboxes.list = this.mailboxes.list.filter((m) => !gone.has(m.id));
    this.mailboxes.state = changes.newState;
    if (changes.hasMoreChanges) this.again = true;
  }

  private async takeEmails(changes: ChangesResult): Promise<void> {
    this.emailState = changes.newState;
    if (changes.hasMoreChanges) this.again = true;
    this.emails.forget(changes.destroyed);
    const known = changes.updated.filter((id) => this.emails.byId.has(id));
    const ids: Id[] = [...changes.created, ...known];
    if (ids.length) await this.emails.fetch(this.client, ids);
    if (!ids.length && !changes.updated.length && !changes.destroyed.length) return;
    this.on.emails(changes.created.map((id) => this.emails.get(id)).filter((e) => e !== undefined));
  }

  private async startOver(): Promise<void> {
    await this.mailboxes.load();
    this.emailState = (await this.client.call('Email/get', { ids: [] })).state;
    this.on.emails([]);
  }
}
