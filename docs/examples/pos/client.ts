import { DEMO_LOGIN } from './auth';

export interface Answer {
  status: number;
  /** Parsed JSON; `undefined` where the answer has no body. */
  body: unknown;
}

/** Talks to the point of sale over HTTP, as a till would. */
export class Client {
  private token: string | undefined;

  constructor(private readonly address: string) {}

  async logIn(): Promise<void> {
    const { body } = await this.send('POST', '/login', DEMO_LOGIN);
    this.token = (body as { token: string }).token;
  }

  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(this.address + path, {
      method,
      headers: {
        'content-type': 'application/json',
        // A connection for each: one that was idle for seconds may be closed just when it is used again.
        connection: 'close',
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async get<T>(path: string): Promise<T> {
    return (await this.send('GET', path)).body as T;
  }
}
