/** People for completing recipients: those seen in mail, most often written to first. */

import type { Client } from '../jmap/client';
import type { Address, Id } from '../jmap/types';
import type { Emails } from './emails.svelte';

interface Known {
  address: Address;
  weight: number;
}

export class People {
  private sent: Address[][] = [];
  private asked = false;

  constructor(
    private readonly client: Client,
    private readonly emails: Emails,
  ) {}

  /** Reads whom the last hundred sent messages went to, once. */
  async learn(sentMailbox: Id | undefined): Promise<void> {
    if (this.asked || !sentMailbox) return;
    this.asked = true;
    const batch = this.client.batch();
    const query = batch.add('Email/query', {
      filter: { inMailbox: sentMailbox }, sort: [{ property: 'receivedAt', isAscending: false }], limit: 100,
    });
    const got = batch.add('Email/get', { '#ids': query.ref('/ids'), properties: ['id', 'to'] });
    await batch.send().catch(() => (this.asked = false));
    this.sent = (await got.result.catch(() => ({ list: [] }))).list.map((e) => e.to ?? []);
  }

  suggest(text: string, without: Address[]): Address[] {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return [];
    const taken = new Set(without.map((a) => a.email.toLowerCase()));
    const found = [...this.known().values()].filter(({ address }) => !taken.has(address.email.toLowerCase()) && matches(address, wanted));
    return found.sort((a, b) => b.weight - a.weight).slice(0, 6).map((k) => k.address);
  }

  private known(): Map<string, Known> {
    const found = new Map<string, Known>();
    const note = (address: Address, weight: number): void => {
      const key = address.email.toLowerCase();
      const before = found.get(key);
      if (!before) found.set(key, { address, weight });
      else {
        before.weight += weight;
        if (!before.address.name && address.name) before.address = address;
      }
    };
    for (const list of this.sent) for (const a of list) note(a, 5);
    for (const email of this.emails.byId.values()) {
      for (const a of email.from ?? []) note(a, 1);
      for (const a of email.to ?? []) note(a, 1);
    }
    return found;
  }
}

function matches(address: Address, wanted: string): boolean {
  if (address.email.toLowerCase().startsWith(wanted)) return true;
  const words = `${address.name ?? ''} ${address.email.split('@')[1] ?? ''}`.toLowerCase();
  return words.startsWith(wanted) || words.includes(` ${wanted}`);
}
