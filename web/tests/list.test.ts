import { beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../src/jmap/client';
import { Actions } from '../src/mail/actions.svelte';
import { Emails } from '../src/mail/emails.svelte';
import { MessageList } from '../src/mail/list.svelte';
import { Mailboxes } from '../src/mail/mailboxes.svelte';
import { parsePlace, spellPlace } from '../src/mail/route.svelte';
import { Toasts } from '../src/mail/toasts.svelte';
import type { EmailSummary } from '../src/jmap/types';

type Args = Record<string, unknown>;

/** A mailbox of 1000 one-message conversations behind the JMAP methods the list calls. */
class Server {
  rows = Array.from({ length: 1000 }, (_, i) => `e${i}`);
  positions: number[] = [];
  refuse = false;

  email = (id: string): Partial<EmailSummary> => ({ id, threadId: `t${id}`, mailboxIds: { in: true }, keywords: {}, from: null, to: null });

  answer(name: string, args: Args): Args {
    switch (name) {
      case 'Email/query': {
        const [position, limit] = [args.position as number, args.limit as number];
        this.positions.push(position);
        return { queryState: String(this.rows.length), position, ids: this.rows.slice(position, position + limit), total: this.rows.length };
      }
      case 'Email/get': return { state: '1', list: (args.ids as string[]).map(this.email), notFound: [] };
      case 'Thread/get': return { list: (args.ids as string[]).map((id) => ({ id, emailIds: [id.slice(1)] })) };
      case 'Email/set': {
        const ids = Object.keys(args.update as Args);
        if (this.refuse) return { notUpdated: Object.fromEntries(ids.map((id) => [id, { type: 'forbidden' }])) };
        this.rows = this.rows.filter((id) => !ids.includes(id));
        return { updated: Object.fromEntries(ids.map((id) => [id, null])) };
      }
      default: return { list: [], state: '1' };
    }
  }

  fetch: typeof fetch = async (_, init) => {
    const { methodCalls } = JSON.parse(String(init?.body)) as { methodCalls: [string, Args, string][] };
    const done: [string, Args, string][] = [];
    for (const [name, args, id] of methodCalls) {
      const ref = args['#ids'] as { resultOf: string; path: string } | undefined;
      const from = done.find((d) => d[2] === ref?.resultOf)?.[1];
      const ids = ref?.path === '/ids' ? from?.ids : (from?.list as Args[])?.flatMap((o) => o[ref!.path.split('/').pop()!]);
      done.push([name, this.answer(name, ref ? { ...args, ids } : args), id]);
    }
    return Response.json({ methodResponses: done });
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
let server: Server;
let emails: Emails;
let list: MessageList;
let actions: Actions;
let toasts: Toasts;

beforeEach(async () => {
  server = new Server();
  const client = new Client(server.fetch);
  emails = new Emails();
  list = new MessageList(client, emails);
  toasts = new Toasts();
  const mailboxes = new Mailboxes(client);
  const box = (id: string): object => ({ id, name: id, role: null, parentId: null, totalEmails: 9, unreadEmails: 9, myRights: {} });
  mailboxes.list = [box('in'), box('out')] as Mailboxes['list'];
  actions = new Actions(client, emails, mailboxes, list, toasts, () => mailboxes.byId.get('in'));
  list.open({ inMailbox: 'in' }, false);
  await settled();
});

describe('the windowed list', () => {
  it('asks for what is near the window and nothing else', async () => {
    expect([list.total, list.at(0)?.id, list.at(49)?.id, list.at(50)]).toEqual([1000, 'e0', 'e49', undefined]);
    list.want(690, 710);
    await settled();
    expect(server.positions).toEqual([0, 650, 700]);
    expect([list.at(649), list.at(700)?.id]).toEqual([undefined, 'e700']);
    list.want(695, 705);
    await settled();
    expect(server.positions).toHaveLength(3);
  });

  it('removes rows with the holes between them in place, and puts them back', async () => {
    list.want(700, 710);
    await settled();
    const restore = list.remove(new Set(['te3', 'te701']));
    expect([list.total, list.at(3)?.id, list.at(699)?.id, list.at(700)?.id, list.indexOf('te702')]).toEqual([998, 'e4', 'e700', 'e702', 700]);
    restore();
    expect([list.total, list.at(3)?.id, list.at(701)?.id]).toEqual([1000, 'e3', 'e701']);
  });

  it('reads again what is on screen after a change, the rest when it is scrolled to', async () => {
    list.want(60, 70);
    await settled();
    server.rows = ['new', ...server.rows];
    server.positions = [];
    list.refresh();
    await settled();
    expect(server.positions).toEqual([50]);
    list.want(0, 10);
    await settled();
    expect([list.total, list.at(0)?.id]).toEqual([1001, 'new']);
  });

  it('waits with reading again while an action is under way', async () => {
    const release = list.hold();
    server.positions = [];
    list.refresh();
    await settled();
    expect(server.positions).toEqual([]);
    release();
    await settled();
    expect(server.positions).toEqual([0]);
  });
});

describe('an action', () => {
  const out = { id: 'out', name: 'out', role: null } as Mailboxes['list'][number];

  it('shows at once and stays', async () => {
    const done = actions.move(['te0'], out);
    expect([list.total, list.at(0)?.id, emails.get('e0')?.mailboxIds]).toEqual([999, 'e1', { out: true }]);
    await done;
    await settled();
    expect([list.total, list.at(0)?.id, toasts.list[0]?.action?.label]).toEqual([999, 'e1', 'Undo']);
  });

  it('is taken back with a message when the server refuses', async () => {
    server.refuse = true;
    await actions.move(['te0'], out);
    await settled();
    expect([list.total, list.at(0)?.id, emails.get('e0')?.mailboxIds]).toEqual([1000, 'e0', { in: true }]);
    expect(toasts.list.map((t) => t.tone)).toEqual(['error']);
  });
});

describe('addresses of pages', () => {
  it.each(['/mail/inbox', '/mail/~m%2F1/t9', '/search?q=from%3Aann%20tea', '/search/t1?q=a'])('%s', (url) => {
    const [path, query] = url.split('?');
    expect(spellPlace(parsePlace(path!, query ?? ''))).toBe(url);
  });
  it('anything else is the inbox', () => expect(spellPlace(parsePlace('/', ''))).toBe('/mail/inbox'));
});
