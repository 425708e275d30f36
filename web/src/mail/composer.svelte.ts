/** Writing: starting messages, saving drafts as one types, attaching, sending. One message is on screen at a time. */

import type { Client } from '../jmap/client';
import { explain, JmapError, refused } from '../jmap/errors';
import { BODY_PROPERTIES, DETAIL, type Address, type EmailDetail, type Id, type Identity } from '../jmap/types';
import { looksValid } from '../text/addresses';
import { bytes } from '../text/dates';
import { harmless, htmlToText } from '../text/html';
import { escapeHtml, forwardHeader, prefixed, recipients, replyBody } from '../text/quote';
import { attachment, Draft, takeAttachments, type Attachment } from './draft.svelte';
import type { Mailboxes } from './mailboxes.svelte';
import type { People } from './people.svelte';
import type { Toasts } from './toasts.svelte';

const SAVE_AFTER = 1_200;

export class Composer {
  draft = $state.raw<Draft | null>(null);
  minimised = $state(false);
  identities = $state.raw<Identity[]>([]);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: Client,
    private readonly mailboxes: Mailboxes,
    readonly people: People,
    private readonly toasts: Toasts,
  ) {}

  async write(to: Address[] = []): Promise<void> {
    const draft = await this.begin();
    draft.to = to;
    draft.text = signed(draft.identity);
    this.show(draft);
  }

  async reply(email: EmailDetail, all: boolean): Promise<void> {
    const text = await this.words(email);
    const draft = await this.begin();
    const to = recipients(email, this.identities, all);
    draft.to = to.to;
    draft.cc = to.cc;
    draft.subject = prefixed('Re', email.subject);
    draft.text = signed(draft.identity) + replyBody(email, text);
    draft.inReplyTo = email.messageId;
    draft.references = [...(email.references ?? email.inReplyTo ?? []), ...(email.messageId ?? [])];
    draft.answers = { email, keyword: '$answered' };
    draft.title = all ? 'Reply to all' : 'Reply';
    this.show(draft);
  }

  /** An HTML original is passed on whole, not turned into text. */
  async forward(email: EmailDetail): Promise<void> {
    const html = await this.html(email);
    const text = await this.words(email);
    const draft = await this.begin();
    const head = forwardHeader(email);
    draft.subject = prefixed('Fwd', email.subject);
    if (html !== null) {
      const lines = escapeHtml(head).replaceAll('\n', '<br>');
      draft.kept = { html: `<div>${lines}</div><br><div>${await harmless(html)}</div>`, text: `${head}\n\n${text}` };
    } else draft.text = `${signed(draft.identity)}\n\n${head}\n\n${text}`;
    draft.attachments = takeAttachments(email);
    draft.answers = { email, keyword: '$forwarded' };
    draft.title = 'Forward';
    this.show(draft);
  }

  async edit(id: Id): Promise<void> {
    if (this.draft?.storedId === id) {
      this.minimised = false;
      return;
    }
    const got = await this.client.call('Email/get', {
      ids: [id], properties: DETAIL, bodyProperties: BODY_PROPERTIES, fetchTextBodyValues: true, fetchHTMLBodyValues: true,
    });
    const email = got.list[0] as EmailDetail | undefined;
    if (!email) throw refused({ type: 'notFound' });
    const draft = await this.begin();
    draft.take(email, await this.words(email), this.htmlIn(email));
    draft.identity = this.identities.find((i) => i.email === email.from?.[0]?.email) ?? draft.identity;
    this.show(draft);
  }

  /** The person changed something. */
  touch(): void {
    const draft = this.draft;
    if (!draft) return;
    draft.saved = 'dirty';
    draft.problem = '';
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(draft), SAVE_AFTER);
  }

  attach(files: Iterable<File>): void {
    const draft = this.draft;
    if (!draft) return;
    for (const file of files) {
      const item = attachment(file.name || 'attachment', file.type, file.size, null);
      draft.attachments.push(item);
      const live = draft.attachments.at(-1)!;
      if (file.size > this.client.maxSizeUpload) live.error = `larger than ${bytes(this.client.maxSizeUpload)}`;
      else void this.upload(live, file);
    }
  }

  detach(key: number): void {
    const draft = this.draft;
    if (!draft) return;
    draft.attachments.find((a) => a.key === key)?.abort?.abort();
    draft.attachments = draft.attachments.filter((a) => a.key !== key);
    this.touch();
  }

  private async upload(item: Attachment, file: File): Promise<void> {
    try {
      const { blobId } = await this.client.upload(file, (share) => (item.progress = share), item.abort!.signal);
      item.blobId = blobId;
      item.progress = 1;
      this.touch();
    } catch (error) {
      if (!item.abort!.signal.aborted) item.error = explain(error);
    }
  }

  /** Saves what is not saved yet, after any save under way. */
  save(draft = this.draft): Promise<void> {
    clearTimeout(this.timer);
    this.saving = this.saving.then(() => (draft && draft.saved !== 'saved' && draft.saved !== 'clean' ? this.store(draft) : undefined));
    return this.saving;
  }

  private async store(draft: Draft): Promise<void> {
    draft.saved = 'saving';
    try {
      const drafts = await this.mailboxes.ensure('drafts');
      const result = await this.client.call('Email/set', {
        create: { draft: draft.spell(drafts.id) },
        destroy: draft.storedId ? [draft.storedId] : [],
      });
      const made = result.created?.draft;
      if (!made) throw refused(result.notCreated?.draft ?? { type: 'serverFail' });
      draft.storedId = made.id;
      // Typing while it was under way has set it to dirty again, and its timer is running.
      if ((draft.saved as string) === 'saving') draft.saved = 'saved';
    } catch (error) {
      draft.saved = 'failed';
      draft.problem = error instanceof JmapError && error.kind === 'expired' ? '' : `Not saved: ${explain(error)}`;
    }
  }

  async send(): Promise<void> {
    const draft = this.draft;
    if (!draft || draft.sending) return;
    draft.problem = this.objection(draft);
    if (draft.problem) return;
    draft.sending = true;
    clearTimeout(this.timer);
    try {
      await this.saving;
      await this.submit(draft);
      if (this.draft === draft) this.draft = null;
      this.toasts.show('Message sent');
    } catch (error) {
      draft.saved = 'failed';
      draft.problem = `Not sent: ${explain(error)}`;
    } finally {
      draft.sending = false;
    }
  }

  private objection(draft: Draft): string {
    if (!draft.recipients.length) return 'Add at least one recipient.';
    const wrong = draft.recipients.find((a) => !looksValid(a));
    if (wrong) return `“${wrong.email}” is not a complete address.`;
    if (draft.uploading) return 'Wait until the attachments are uploaded.';
    if (draft.attachments.some((a) => a.error)) return 'Remove the attachment that could not be uploaded, or add it again.';
    return draft.identity ? '' : 'This account has no address to send from.';
  }

  /** Creates the message in Drafts and submits it; the server moves it to Sent in the same breath (RFC 8621 §7.5). */
  private async submit(draft: Draft): Promise<void> {
    const [drafts, sent] = [await this.mailboxes.ensure('drafts'), await this.mailboxes.ensure('sent')];
    const batch = this.client.batch();
    const email = batch.add('Email/set', { create: { draft: draft.spell(drafts.id) } });
    const submission = batch.add('EmailSubmission/set', {
      create: { sent: { emailId: '#draft', identityId: draft.identity!.id } },
      onSuccessUpdateEmail: {
        '#sent': { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true, 'keywords/$draft': null },
      },
    });
    await batch.send();
    const stored = await email.result;
    const made = stored.created?.draft;
    if (!made) throw refused(stored.notCreated?.draft ?? { type: 'serverFail' });
    const before = draft.storedId;
    draft.storedId = made.id;
    await this.tidy(before, null);
    const result = await submission.result;
    if (!result.created?.sent) throw refused(result.notCreated?.sent ?? { type: 'serverFail' });
    await this.tidy(null, draft.answers);
  }

  /** What follows from having sent; that it fails does not make the message unsent. */
  private async tidy(stored: Id | null, answers: Draft['answers']): Promise<void> {
    if (!stored && !answers) return;
    const update = answers ? { [answers.email.id]: { [`keywords/${answers.keyword}`]: true } } : {};
    await this.client.call('Email/set', { update, destroy: stored ? [stored] : [] }).catch(() => undefined);
  }

  async discard(): Promise<void> {
    const draft = this.draft;
    if (!draft) return;
    clearTimeout(this.timer);
    this.draft = null;
    draft.attachments.forEach((a) => a.abort?.abort());
    await this.saving;
    const stored = draft.storedId;
    if (stored) await this.tidy(stored, null);
    if (draft.blank) return;
    this.toasts.show('Draft discarded', { label: 'Undo', run: () => void this.restore(draft) });
  }

  private async restore(draft: Draft): Promise<void> {
    await this.close();
    draft.storedId = null;
    this.draft = draft;
    this.touch();
  }

  /** Puts it aside: kept in Drafts when there is anything in it. */
  async close(): Promise<void> {
    const draft = this.draft;
    if (!draft) return;
    this.draft = null;
    if (draft.saved === 'dirty' || draft.saved === 'failed') await this.save(draft);
    if (draft.saved === 'failed') {
      this.draft = draft;
      throw new JmapError('request', 'draft', draft.problem || 'The draft could not be saved.');
    }
    if (draft.storedId) this.toasts.say('Draft saved');
  }

  get unsaved(): boolean {
    return Boolean(this.draft && !this.draft.blank && this.draft.saved !== 'saved' && this.draft.saved !== 'clean');
  }

  /** Reads whom one may write as; beforehand, so that writing begins at once. */
  async prepare(): Promise<void> {
    this.identities = (await this.client.call('Identity/get', { ids: null })).list;
  }

  private async begin(): Promise<Draft> {
    await this.close();
    if (!this.identities.length) await this.prepare();
    void this.people.learn(this.mailboxes.byRole.get('sent')?.id);
    const draft = new Draft();
    draft.identity = this.identities[0] ?? null;
    return draft;
  }

  private show(draft: Draft): void {
    this.draft = draft;
    this.minimised = false;
  }

  private async words(email: EmailDetail): Promise<string> {
    return email.textBody
      .map((part) => {
        const value = email.bodyValues[part.partId ?? '']?.value ?? '';
        return part.type === 'text/html' ? htmlToText(value) : value;
      })
      .join('\n');
  }

  private htmlIn(email: EmailDetail): string | null {
    const parts = email.htmlBody.filter((p) => p.type === 'text/html');
    if (!parts.length) return null;
    return parts.map((p) => email.bodyValues[p.partId ?? '']?.value ?? '').join('');
  }

  private async html(email: EmailDetail): Promise<string | null> {
    if (!email.htmlBody.some((p) => p.type === 'text/html')) return null;
    const got = await this.client.call('Email/get', {
      ids: [email.id], properties: ['id', 'htmlBody', 'bodyValues'], bodyProperties: BODY_PROPERTIES, fetchHTMLBodyValues: true,
    });
    const full = got.list[0] as EmailDetail | undefined;
    return full ? this.htmlIn(full) : null;
  }
}

/** Room to write, then the signature under the line that mail programs know (RFC 3676 §4.3). */
function signed(identity: Identity | null): string {
  return identity?.textSignature ? `\n\n-- \n${identity.textSignature}` : '';
}
