/** Everything the pages work with, joined in one place. */

import { Client } from '../jmap/client';
import { explain } from '../jmap/errors';
import type { EmailSummary, Id, Mailbox } from '../jmap/types';
import { displayName } from '../text/addresses';
import { parseSearch } from '../text/search';
import { Actions } from './actions.svelte';
import { Composer } from './composer.svelte';
import { Conversation } from './conversation.svelte';
import { Emails } from './emails.svelte';
import { MessageList } from './list.svelte';
import { Login } from './login.svelte';
import { Mailboxes } from './mailboxes.svelte';
import { People } from './people.svelte';
import { Route } from './route.svelte';
import { Sync } from './sync.svelte';
import { Toasts } from './toasts.svelte';

export class App {
  readonly client = new Client();
  readonly login = new Login();
  readonly route = new Route();
  readonly toasts = new Toasts();
  readonly emails = new Emails();
  readonly mailboxes = new Mailboxes(this.client);
  readonly list = new MessageList(this.client, this.emails);
  readonly conversation = new Conversation(this.client, this.emails);
  readonly actions = new Actions(this.client, this.emails, this.mailboxes, this.list, this.toasts, () => this.mailbox);
  readonly composer = new Composer(this.client, this.mailboxes, new People(this.client, this.emails), this.toasts);
  readonly sync = new Sync(this.client, this.emails, this.mailboxes, { emails: (arrived) => this.arrived(arrived) });

  problems = $state.raw<string[]>([]);
  /** The mailbox on screen; undefined while searching. */
  readonly mailbox = $derived<Mailbox | undefined>(
    this.route.place.mailbox ? this.mailboxes.bySlug(this.route.place.mailbox) : undefined,
  );

  constructor() {
    this.client.onExpired = this.login.expire;
  }

  async start(): Promise<void> {
    // Both at once: a round trip less before the first list.
    const opening = this.login.known ? this.client.open() : undefined;
    opening?.catch(() => undefined);
    if (await this.login.check()) await this.enter(opening);
  }

  /** Signed in: read what every page needs. */
  async enter(opening: Promise<unknown> = this.client.open()): Promise<void> {
    try {
      await opening;
      await this.mailboxes.load();
      this.login.state = 'in';
      await this.sync.start();
      await this.composer.prepare();
    } catch (error) {
      if (this.login.state !== 'in') this.login.state = 'unreachable';
      this.toasts.error(explain(error));
    }
  }

  /** Signed in again in the middle of something: go on where we were, unless it is somebody else now. */
  async resume(before: string): Promise<void> {
    if (before && before !== this.login.username) {
      location.reload();
      return;
    }
    this.login.state = 'in';
    await this.client.open();
    await this.sync.start();
    await this.sync.catchUp();
    this.list.refresh();
    await this.composer.save();
  }

  /** The list follows the address bar. */
  showList(slug: string, search: string): void {
    if (slug) {
      const mailbox = this.mailboxes.bySlug(slug);
      this.problems = [];
      if (mailbox) this.list.open({ inMailbox: mailbox.id }, false);
      return;
    }
    const parsed = parseSearch(search, {
      mailbox: (name) => this.mailboxes.named(name)?.id,
      hidden: ['trash', 'junk'].flatMap((role) => this.mailboxes.byRole.get(role)?.id ?? []),
      now: new Date(),
    });
    this.problems = parsed.problems;
    this.list.open(parsed.filter, true);
  }

  async showThread(threadId: Id): Promise<void> {
    if (!threadId) {
      this.conversation.close();
      return;
    }
    this.list.cursor = threadId;
    await this.conversation.show(threadId);
    if (this.conversation.threadId === threadId) void this.actions.markRead([threadId], true);
  }

  /** A row was chosen: a lone draft is taken up again, everything else is read. */
  openRow(email: EmailSummary): void {
    this.list.cursor = email.threadId;
    if (email.keywords.$draft && (this.emails.threads.get(email.threadId)?.length ?? 1) === 1) {
      this.attempt(this.composer.edit(email.id));
      return;
    }
    this.route.go({ thread: email.threadId });
  }

  /** For handlers: what goes wrong is told, not lost. */
  attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.toasts.error(explain(error)));
  }

  private arrived(emails: EmailSummary[]): void {
    this.list.refresh();
    void this.conversation.refresh();
    const inbox = this.mailboxes.byRole.get('inbox')?.id ?? '';
    const fresh = emails.filter((e) => e.mailboxIds[inbox] && !e.keywords.$seen);
    if (fresh.length === 1) this.toasts.say(`New message from ${displayName(fresh[0]!.from?.[0])}: ${fresh[0]!.subject ?? ''}`);
    else if (fresh.length) this.toasts.say(`${fresh.length} new messages`);
  }
}

export const app = new App();
