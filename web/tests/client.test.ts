import { describe, expect, it } from 'vitest';
import { Client, expand } from '../src/jmap/client';
import { JmapError } from '../src/jmap/errors';

const session = {
  capabilities: { 'urn:ietf:params:jmap:core': { maxObjectsInGet: 7 } },
  primaryAccounts: { 'urn:ietf:params:jmap:mail': 'a1' },
  apiUrl: '/jmap/api',
  downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?type={type}',
};

interface Sent {
  url: string;
  headers: Headers;
  body: { using: string[]; methodCalls: [string, Record<string, unknown>, string][] };
}

/** A client whose server answers as told. */
async function client(answer: (sent: Sent) => Response | Promise<Response>): Promise<[Client, Sent[]]> {
  const sent: Sent[] = [];
  const made = new Client(async (url, init) => {
    if (String(url).includes('well-known')) return Response.json(session);
    const request = { url: String(url), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) as Sent['body'] };
    sent.push(request);
    return answer(request);
  });
  await made.open();
  return [made, sent];
}

const replies = (...methodResponses: unknown[]): Response => Response.json({ methodResponses, sessionState: 's' });

describe('the JMAP client', () => {
  it('sends one request for a batch, with account, references and the mark of our own page', async () => {
    const [c, sent] = await client(() => replies(['Email/query', { ids: ['e1'] }, 'c0'], ['Email/get', { list: [{ id: 'e1' }] }, 'c1']));
    const batch = c.batch();
    const query = batch.add('Email/query', { limit: 1 });
    const get = batch.add('Email/get', { '#ids': query.ref('/ids') });
    await batch.send();
    expect((await get.result).list).toEqual([{ id: 'e1' }]);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.headers.get('X-Pillarbox')).toBe('1');
    expect(sent[0]!.body.methodCalls).toEqual([
      ['Email/query', { accountId: 'a1', limit: 1 }, 'c0'],
      ['Email/get', { accountId: 'a1', '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' } }, 'c1'],
    ]);
    expect(c.maxObjectsInGet).toBe(7);
  });

  it('fails one call without failing the others', async () => {
    const [c] = await client(() => replies(['error', { type: 'cannotCalculateChanges' }, 'c0'], ['Thread/get', { list: [] }, 'c1']));
    const batch = c.batch();
    const bad = batch.add('Email/changes', { sinceState: 'x' });
    const good = batch.add('Thread/get', { ids: [] });
    await batch.send();
    await expect(bad.result).rejects.toMatchObject({ kind: 'method', type: 'cannotCalculateChanges' });
    await expect(good.result).resolves.toEqual({ list: [] });
  });

  it('takes the first answer when onSuccess adds a second under the same id', async () => {
    const [c] = await client(() => replies(['EmailSubmission/set', { created: { s: { id: '1' } } }, 'c0'], ['Email/set', { updated: {} }, 'c0']));
    await expect(c.call('EmailSubmission/set', {})).resolves.toMatchObject({ created: { s: { id: '1' } } });
  });

  it('fails a call the server forgot', async () => {
    const [c] = await client(() => replies());
    await expect(c.call('Email/get', {})).rejects.toMatchObject({ type: 'serverFail' });
  });

  it('tells an ended session from a refusal and from silence', async () => {
    let expired = 0;
    const [ended] = await client(() => new Response('', { status: 401 }));
    ended.onExpired = () => expired++;
    await expect(ended.call('Email/get', {})).rejects.toMatchObject({ kind: 'expired' });
    expect(expired).toBe(1);
    const [refusing] = await client(() => Response.json({ type: 'urn:ietf:params:jmap:error:limit', detail: 'too many' }, { status: 400 }));
    await expect(refusing.call('Email/get', {})).rejects.toMatchObject({ kind: 'request', message: 'too many' });
    const [silent] = await client(() => Promise.reject(new TypeError('network')));
    await expect(silent.call('Email/get', {})).rejects.toBeInstanceOf(JmapError);
  });

  it('fills templates, encoded', async () => {
    const [c] = await client(() => replies());
    expect(c.downloadUrl('b/1', 'a b?.txt', 'text/plain')).toBe('/jmap/download/a1/b%2F1/a%20b%3F.txt?type=text%2Fplain');
    expect(expand('{a}-{b}', { a: 'x' })).toBe('x-');
  });
});
