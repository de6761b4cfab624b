// One HTTP call to the service. No cookies ever travel: a visitor is known by tokens alone.

export interface Answer<T = unknown> {
  status: number;
  data: T;
  /** Seconds the service asks us to wait, when it says so. */
  retryAfter: number | null;
}

export interface CallOptions {
  body?: unknown;
  token?: string | null;
  signal?: AbortSignal;
  /** Milliseconds until the call counts as lost. */
  timeout?: number;
}

/** The answer whatever its status; rejects only when none came (no network, timeout, aborted). */
export async function call<T>(url: string, { body, token, signal, timeout = 20_000 }: CallOptions = {}): Promise<Answer<T>> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout);
  const abort = () => stop.abort();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      signal: stop.signal,
    });
    const data = (await response.json().catch(() => null)) as T;
    const wait = Number(response.headers.get("Retry-After"));
    return { status: response.status, data, retryAfter: wait > 0 ? wait : null };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
