/** Who is signed in, and what happens when the server forgets it. */

export type LoginState = 'starting' | 'out' | 'in' | 'expired' | 'unreachable';

/** Somebody has signed in with this browser: without it there is no session to ask for. */
const KNOWN = 'pillarbox.known';

export class Login {
  state = $state<LoginState>('starting');
  username = $state('');

  get known(): boolean {
    return localStorage.getItem(KNOWN) !== null;
  }

  /** Asks the server whether the cookie still stands. */
  async check(): Promise<boolean> {
    if (!this.known) {
      this.state = 'out';
      return false;
    }
    try {
      const response = await fetch('/auth/session', { credentials: 'same-origin' });
      if (response.status === 401) {
        localStorage.removeItem(KNOWN);
        this.state = 'out';
        return false;
      }
      if (!response.ok) throw new Error(String(response.status));
      this.username = ((await response.json()) as { username: string }).username;
      return true;
    } catch {
      this.state = 'unreachable';
      return false;
    }
  }

  /** Empty when it worked, else what to tell the person. */
  async signIn(username: string, password: string): Promise<string> {
    let response: Response;
    try {
      response = await this.post('/auth/login', { username, password });
    } catch {
      return 'The server cannot be reached. Check your connection and try again.';
    }
    const body = (await response.json().catch(() => ({}))) as { username?: string; detail?: string };
    if (response.ok) {
      this.username = body.username ?? username;
      localStorage.setItem(KNOWN, '1');
      return '';
    }
    if (response.status === 429) return body.detail ?? 'Too many attempts. Wait a moment, then try again.';
    if (response.status === 401) return body.detail ?? 'The name or the password is not right.';
    return body.detail ?? `The server answered ${response.status}.`;
  }

  async signOut(): Promise<void> {
    await this.post('/auth/logout', {}).catch(() => undefined);
    sessionStorage.clear();
    localStorage.removeItem(KNOWN);
    location.assign('/');
  }

  expire = (): void => {
    if (this.state === 'in') this.state = 'expired';
  };

  private post(url: string, body: object): Promise<Response> {
    return fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', 'X-Pillarbox': '1' },
      body: JSON.stringify(body),
    });
  }
}
