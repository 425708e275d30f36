/** The JMAP client core: session, batches with result references, uploads and downloads (RFC 8620 §2, §3, §6). */

import { JmapError } from './errors';
import type { MethodName, Methods, ResultReference } from './methods';
import type { Id, Session } from './types';

const USING = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:submission'];
const MAIL = 'urn:ietf:params:jmap:mail';
/** Proves to the server that our own script sent this, not a form on another site. */
const OURS = { 'X-Pillarbox': '1' };

/** One call inside a batch: await `result`, or point another call at a part of it with `ref`. */
export class Call<T> {
  readonly result: Promise<T>;
  settle!: (value: T) => void;
  fail!: (error: unknown) => void;

  constructor(
    readonly id: string,
    readonly name: string,
    readonly args: object,
  ) {
    this.result = new Promise<T>((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
    // Whoever needs the value awaits it; a call nobody awaits must not raise an unhandled rejection.
    this.result.catch(() => undefined);
  }

  /** RFC 8620 §3.7. */
  ref(path: string): ResultReference {
    return { resultOf: this.id, name: this.name, path };
  }
}

type Invocation = [name: string, args: Record<string, unknown>, id: string];

/** Calls that travel in one request and are carried out in order. */
export class Batch {
  private readonly calls: Call<unknown>[] = [];

  constructor(private readonly client: Client) {}

  add<M extends MethodName>(name: M, args: Methods[M][0]): Call<Methods[M][1]> {
    const call = new Call<Methods[M][1]>(`c${this.calls.length}`, name, args);
    this.calls.push(call as Call<unknown>);
    return call;
  }

  /** Sends the calls. Each call settles by itself; what refuses the whole request is thrown and fails them all. */
  async send(): Promise<void> {
    try {
      const methodCalls = this.calls.map((c) => [c.name, { accountId: this.client.accountId, ...c.args }, c.id]);
      const reply = await this.client.post({ using: USING, methodCalls });
      this.distribute(reply);
    } catch (error) {
      for (const call of this.calls) call.fail(error);
      throw error;
    }
  }

  private distribute(responses: Invocation[]): void {
    for (const [name, args, id] of responses) {
      const call = this.calls.find((c) => c.id === id);
      if (!call) continue;
      if (name === 'error') call.fail(methodError(args));
      // An Email/set implied by onSuccessUpdateEmail answers under the same id: the first answer is ours.
      else if (name === call.name) call.settle(args);
    }
    for (const call of this.calls) call.fail(new JmapError('method', 'serverFail', 'The server left out an answer.'));
  }
}

function methodError(args: Record<string, unknown>): JmapError {
  const type = String(args.type ?? 'serverFail');
  return new JmapError('method', type, typeof args.description === 'string' ? args.description : `Refused: ${type}`);
}

export class Client {
  session: Session | null = null;
  /** Called when the server no longer knows our cookie. */
  onExpired: () => void = () => undefined;

  constructor(private readonly request: typeof fetch = (input, init) => fetch(input, init)) {}

  get accountId(): Id {
    return this.session?.primaryAccounts[MAIL] ?? '';
  }

  get maxObjectsInGet(): number {
    return this.limit('maxObjectsInGet', 500);
  }

  get maxObjectsInSet(): number {
    return this.limit('maxObjectsInSet', 500);
  }

  get maxSizeUpload(): number {
    return this.limit('maxSizeUpload', 50_000_000);
  }

  private limit(name: string, otherwise: number): number {
    const value = this.session?.capabilities[USING[0]!]?.[name];
    return typeof value === 'number' ? value : otherwise;
  }

  async open(): Promise<Session> {
    const response = await this.fetch('/.well-known/jmap', { headers: { Accept: 'application/json' } });
    this.session = (await response.json()) as Session;
    return this.session;
  }

  batch(): Batch {
    return new Batch(this);
  }

  async call<M extends MethodName>(name: M, args: Methods[M][0]): Promise<Methods[M][1]> {
    const batch = this.batch();
    const call = batch.add(name, args);
    await batch.send();
    return call.result;
  }

  async post(body: object): Promise<Invocation[]> {
    const response = await this.fetch(this.session?.apiUrl ?? '/jmap/api', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...OURS },
      body: JSON.stringify(body),
    });
    const reply = (await response.json()) as { methodResponses: Invocation[] };
    return reply.methodResponses;
  }

  /** fetch that speaks our errors. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await this.request(url, { credentials: 'same-origin', ...init });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new JmapError('offline', 'offline', 'The server cannot be reached.');
    }
    if (response.ok) return response;
    throw await this.refusal(response.status, () => response.json());
  }

  private async refusal(status: number, body: () => Promise<unknown>): Promise<JmapError> {
    if (status === 401) {
      this.onExpired();
      return new JmapError('expired', 'expired', 'Your session has ended. Please sign in again.');
    }
    const problem = (await body().catch(() => ({}))) as { type?: string; detail?: string };
    const kind = status === 502 || status === 503 || status === 504 ? 'offline' : 'request';
    return new JmapError(kind, problem.type ?? String(status), problem.detail ?? `The server answered ${status}.`);
  }

  downloadUrl(blobId: Id, name: string, type: string): string {
    const template = this.session?.downloadUrl ?? '';
    return expand(template, { accountId: this.accountId, blobId, name: name || 'attachment', type });
  }

  htmlUrl(emailId: Id, images: boolean, theme: string): string {
    const account = encodeURIComponent(this.accountId);
    return `/jmap/html/${account}/${encodeURIComponent(emailId)}?images=${images ? 1 : 0}&theme=${theme}`;
  }

  /** XMLHttpRequest, because fetch cannot tell how much of a body has gone out. */
  upload(file: Blob, onProgress: (share: number) => void, signal: AbortSignal): Promise<{ blobId: Id; size: number }> {
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open('POST', expand(this.session?.uploadUrl ?? '', { accountId: this.accountId }));
      xhr.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
      xhr.setRequestHeader('X-Pillarbox', '1');
      xhr.upload.onprogress = (e) => onProgress(e.lengthComputable ? e.loaded / e.total : 0);
      xhr.onerror = () => reject(new JmapError('offline', 'offline', 'The upload was interrupted.'));
      xhr.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
      xhr.onload = () => {
        const body = async (): Promise<unknown> => JSON.parse(xhr.responseText);
        if (xhr.status < 300) body().then((value) => resolve(value as { blobId: Id; size: number }), reject);
        else void this.refusal(xhr.status, body).then(reject);
      };
      signal.addEventListener('abort', () => xhr.abort());
      xhr.send(file);
    });
  }
}

/** RFC 6570 level 1, as much as RFC 8620 §2 asks for. */
export function expand(template: string, values: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
