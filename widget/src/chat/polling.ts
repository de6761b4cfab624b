// The link by plain HTTP, where WebSockets are blocked: a post for each message or event, and a get that waits for news.
import { call, type Answer } from "../api";
import type { Ack, Polled, SiteConfig, Stored, WireError } from "../protocol";
import type { Hearing, Link, Whereabouts } from "./link";

const WAIT_S = 25;
const ACK_MS = 10_000;
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 5_000;

export function pollingLink(where: Whereabouts, hear: Hearing): Link {
  const chat = `${where.base}/v1/${where.site}/chat`;
  const stopped = new AbortController();
  const { signal } = stopped;
  let reached = false;
  let pause = PAUSE_MS;

  const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  async function get(wait: number): Promise<Polled> {
    const since = `after_seq=${where.last()}&after_rev=${where.rev()}&wait=${wait}&lang=${where.lang}`;
    const answer = await call<Polled & { error?: WireError }>(`${chat}/messages?${since}`, {
      token: where.token(), signal, timeout: (wait + 15) * 1000,
    });
    if (answer.status === 401) hear.stranger();
    if (answer.status === 403) hear.refused(answer.data?.error?.code ?? "");
    if (answer.status !== 200) throw new Error(`${answer.status}`);
    return answer.data;
  }

  async function post<T>(path: string, payload: object): Promise<Ack<T>> {
    // Without a token the key says that this is the same visitor, however often something is sent.
    const known = where.token() ? {} : { visitor_key: where.key() };
    const { status, data }: Answer<T & { error: WireError }> = await call(`${chat}/${path}?lang=${where.lang}`, {
      token: where.token(), signal, body: { ...known, ...payload }, timeout: ACK_MS,
    });
    if (status >= 500 || !data) throw new Error(`${status}`);
    return status < 300 ? { ...data, ok: true } : { ok: false, error: data.error };
  }

  /** Who has said nothing yet has nothing to wait for but somebody to be there. */
  async function lookForSomebody(): Promise<void> {
    const answer = await call<SiteConfig>(`${where.base}/v1/${where.site}/config?lang=${where.lang}`, { signal });
    if (answer.status !== 200) throw new Error(`${answer.status}`);
    heard({ messages: [], next: 0, conversation: null, ...answer.data.chat });
    for (let waited = 0; waited < WAIT_S && !where.token() && !signal.aborted; waited++) await rest(1000);
  }

  function heard(polled: Polled): void {
    if (signal.aborted) return;
    reached = true;
    pause = PAUSE_MS;
    hear.polled(polled);
  }

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (where.token()) heard(await get(reached ? WAIT_S : 0));
        else await lookForSomebody();
      } catch {
        if (signal.aborted) return;
        reached = false;
        hear.down();
        await rest(pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, PAUSE_MAX_MS);
      }
    }
  }

  void listen();
  return {
    send: ({ client_id, body, file }) => post<Stored>("messages", { ...where.about(), client_id, body, file: file?.id }),
    sync: () => get(0),
    ask: <T>(event: string, payload: object) => post<T>(`events/${event}`, payload),
    tell(event, payload) {
      if (where.token() && event !== "typing") post(`events/${event}`, payload).catch(() => {});
    },
    ready: () => reached,
    stop: () => stopped.abort(),
  };
}
