/**
 * The message list: any number of conversations, of which only the pages near the window are asked for.
 * A row is an index; what is not there yet is a placeholder of the same height.
 */

import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Client } from '../jmap/client';
import { explain, JmapError } from '../jmap/errors';
import { SUMMARY, type EmailSummary, type Filter, type Id, type SearchSnippet } from '../jmap/types';
import type { Emails } from './emails.svelte';

const PAGE = 50;
const AT_ONCE = 2;
const NEAR = 20;
const SORT = [{ property: 'receivedAt', isAscending: false }];

type PageState = 'loading' | 'fresh' | 'stale';

export class MessageList {
  filter = $state.raw<Filter | null>(null);
  total = $state(0);
  /** loading: nothing known yet; failed: the first page did not come. */
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state('');
  searching = $state(false);
  readonly selected = new SvelteSet<Id>();
  readonly snippets = new SvelteMap<Id, SearchSnippet>();
  /** The thread the keyboard stands on. */
  cursor = $state<Id>('');

  private ids: (Id | undefined)[] = [];
  /** The thread of each row's message; not reactive, for looking through all rows at once. */
  private readonly threadOf = new Map<Id, Id>();
  private revision = $state(0);
  private readonly pages = new Map<number, PageState>();
  private generation = 0;
  private queryState = '';
  private wanted: [number, number] = [0, 0];
  private busy = 0;
  /** After a failure nothing is asked until somebody scrolls, or a push or the network's return says so. */
  private resting = false;
  private held = 0;
  private stalePending = false;

  constructor(
    private readonly client: Client,
    private readonly emails: Emails,
  ) {}

  /** Shows something else. */
  open(filter: Filter, searching: boolean): void {
    this.generation++;
    this.filter = filter;
    this.searching = searching;
    this.ids = [];
    this.threadOf.clear();
    this.pages.clear();
    this.selected.clear();
    this.snippets.clear();
    this.cursor = '';
    this.total = 0;
    this.status = 'loading';
    this.queryState = '';
    this.wanted = [0, 0];
    this.busy = 0;
    this.resting = false;
    this.revision++;
    this.pump();
  }

  at(index: number): EmailSummary | undefined {
    void this.revision;
    return this.emails.get(this.ids[index]);
  }

  indexOf(threadId: Id): number {
    void this.revision;
    return threadId ? this.ids.findIndex((id) => id !== undefined && this.threadOf.get(id) === threadId) : -1;
  }

  /** The rows from first to last are, or are about to be, on screen. */
  want(first: number, last: number): void {
    this.wanted = [Math.floor(first / PAGE), Math.floor(Math.max(first, last) / PAGE)];
    this.resting = false;
    this.pump();
  }

  /** Something changed on the server: what is on screen is asked for again, all else when it is scrolled to. */
  refresh(): void {
    if (!this.filter) return;
    if (this.held) {
      this.stalePending = true;
      return;
    }
    for (const page of this.pages.keys()) this.pages.set(page, 'stale');
    if (this.status === 'failed') this.status = 'loading';
    this.resting = false;
    this.pump();
  }

  /** While an action is under way its effect on screen must not be undone by an older answer. */
  hold(): () => void {
    this.held++;
    return () => {
      if (--this.held || !this.stalePending) return;
      this.stalePending = false;
      this.refresh();
    };
  }

  /** Takes rows away at once; gives back how to put them where they were. */
  remove(threads: Set<Id>): () => void {
    const before = this.ids;
    const total = this.total;
    const gone = (id: Id | undefined): boolean => id !== undefined && threads.has(this.threadOf.get(id) ?? '');
    // Distinct threads: a row that moved between two pages may stand on both until the older page is read again.
    const count = new Set(before.filter(gone).map((id) => this.threadOf.get(id!))).size;
    // Not a plain filter: that would drop the holes of rows not loaded, and every index behind them.
    const ids: (Id | undefined)[] = [];
    let shift = 0;
    before.forEach((id, i) => (gone(id) ? shift++ : (ids[i - shift] = id)));
    this.ids = ids;
    this.total = Math.max(0, total - count);
    for (const id of threads) this.selected.delete(id);
    const generation = this.generation;
    this.stalePending = true;
    this.revision++;
    return () => {
      if (generation !== this.generation) return;
      this.ids = before;
      this.total = total;
      this.revision++;
    };
  }

  private pump(): void {
    if (!this.filter || this.resting || (this.held && this.status === 'ready')) return;
    for (let page = this.wanted[0]; page <= this.wanted[1] && this.busy < AT_ONCE; page++) {
      const state = this.pages.get(page);
      if (state === 'fresh' || state === 'loading') continue;
      if (page > 0 && this.status === 'loading') continue;
      void this.load(page);
    }
  }

  private async load(page: number): Promise<void> {
    const generation = this.generation;
    this.busy++;
    this.pages.set(page, 'loading');
    try {
      await this.fetch(page, generation);
    } catch (error) {
      if (generation === this.generation) this.fail(page, error);
    }
    if (generation !== this.generation) return;
    this.busy--;
    this.pump();
  }

  private fail(page: number, error: unknown): void {
    this.pages.delete(page);
    if (error instanceof JmapError && error.kind === 'expired') return;
    this.error = explain(error);
    if (this.status === 'loading') this.status = 'failed';
    this.resting = true;
  }

  private async fetch(page: number, generation: number): Promise<void> {
    const batch = this.client.batch();
    const query = batch.add('Email/query', {
      filter: this.filter, sort: SORT, position: page * PAGE, limit: PAGE, calculateTotal: true, collapseThreads: true,
    });
    const rows = batch.add('Email/get', { '#ids': query.ref('/ids'), properties: SUMMARY });
    const threads = batch.add('Thread/get', { '#ids': rows.ref('/list/*/threadId') });
    const others = batch.add('Email/get', { '#ids': threads.ref('/list/*/emailIds'), properties: SUMMARY });
    const snippets = this.searching
      ? batch.add('SearchSnippet/get', { filter: this.filter, '#emailIds': query.ref('/ids') })
      : undefined;
    await batch.send();
    const found = await query.result;
    const emails = await rows.result;
    if (generation !== this.generation) return;
    this.emails.put(emails.list);
    for (const email of emails.list) this.threadOf.set(email.id, email.threadId);
    this.emails.putThreads((await threads.result).list);
    // Very long threads may exceed what one get allows; the rows can do without the rest.
    await others.result.then((got) => this.emails.put(got.list), () => undefined);
    await snippets?.result.then((got) => got.list.forEach((s) => this.snippets.set(s.emailId, s)), () => undefined);
    if (generation === this.generation) this.accept(page, found.ids, found.total ?? 0, found.queryState);
  }

  private accept(page: number, ids: Id[], total: number, queryState: string): void {
    if (this.held) {
      this.stalePending = true;
      if (this.status === 'ready') {
        this.pages.set(page, 'stale');
        return;
      }
    }
    if (this.queryState && this.queryState !== queryState) {
      for (const [other, state] of this.pages) if (state === 'fresh') this.pages.set(other, 'stale');
    }
    this.queryState = queryState;
    for (let i = 0; i < PAGE; i++) this.ids[page * PAGE + i] = ids[i];
    this.ids.length = Math.min(this.ids.length, total);
    this.total = total;
    this.status = 'ready';
    this.error = '';
    this.pages.set(page, 'fresh');
    this.trim();
    this.revision++;
  }

  /** Forgets rows far from the window once very many are known. */
  private trim(): void {
    if (!this.emails.crowded) return;
    for (const page of this.pages.keys()) {
      if (page >= this.wanted[0] - NEAR && page <= this.wanted[1] + NEAR) continue;
      this.pages.delete(page);
      for (let i = page * PAGE; i < (page + 1) * PAGE; i++) delete this.ids[i];
    }
    const keep = new Set(this.selected);
    this.ids.forEach((id) => keep.add(this.threadOf.get(id!) ?? ''));
    this.emails.prune(keep);
  }
}
