// Files on their way up, before they belong to a message.
import type { ChatFile, WireError } from "../../protocol";
import { randomId } from "../../random";
import type { Desk } from "../desk";

export interface Upload {
  key: string;
  file: File;
  state: "uploading" | "ready" | "failed";
  percent: number;
  /** Why it failed, as a sentence. */
  problem: string;
  /** Whether trying the same file again may help. */
  again: boolean;
  done: ChatFile | null;
}

export type UploadEvent =
  | { type: "add"; key: string; file: File }
  | { type: "progress"; key: string; percent: number }
  | { type: "ready"; key: string; done: ChatFile }
  | { type: "failed"; key: string; problem: string; again: boolean }
  | { type: "retry"; key: string }
  | { type: "remove"; key: string };

/** The list after an event; what comes late about a file that was removed changes nothing. */
export function reduceUploads(list: readonly Upload[], event: UploadEvent): readonly Upload[] {
  const fresh = { state: "uploading", percent: 0, problem: "", again: false, done: null } as const;
  const change = (to: Partial<Upload>, from: Upload["state"]) =>
    list.map((one) => (one.key === event.key && one.state === from ? { ...one, ...to } : one));
  switch (event.type) {
    case "add":
      return [...list, { key: event.key, file: event.file, ...fresh }];
    case "progress":
      return change({ percent: event.percent }, "uploading");
    case "ready":
      return change({ state: "ready", done: event.done, percent: 100 }, "uploading");
    case "failed":
      return change({ state: "failed", problem: event.problem, again: event.again }, "uploading");
    case "retry":
      return change(fresh, "failed");
    case "remove":
      return list.filter(({ key }) => key !== event.key);
  }
}

export interface Uploads {
  list(): readonly Upload[];
  add(files: Iterable<File>): void;
  retry(key: string): void;
  remove(key: string): void;
}

const MB = 1_000_000;
const TIMEOUT_MS = 120_000;
/** What no second try with the same file changes. */
const FINAL = [403, 404, 413, 415, 422];

export function uploads(desk: Desk): Uploads {
  const { t, chat, config, base, lang } = desk;
  const running = new Map<string, XMLHttpRequest>();
  let list: readonly Upload[] = [];

  function dispatch(event: UploadEvent): void {
    list = reduceUploads(list, event);
    desk.redraw();
  }

  function send(key: string, file: File): void {
    const most = config.chat.files?.max_mb ?? 0;
    const { name } = file;
    if (file.size > most * MB) {
      dispatch({ type: "failed", key, problem: t("file_too_large", { name, size: most }), again: false });
      return;
    }
    const failed = (problem = t("file_failed", { name }), again = true) => dispatch({ type: "failed", key, problem, again });
    // Only XMLHttpRequest tells how far an upload has come.
    const request = new XMLHttpRequest();
    running.set(key, request);
    request.open("POST", `${base}/v1/${config.site}/chat/files?lang=${lang}`);
    request.responseType = "json";
    request.timeout = TIMEOUT_MS;
    const token = chat.token();
    if (token) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => {
      // The rest is the service's own work.
      dispatch({ type: "progress", key, percent: total ? Math.min(99, Math.floor((loaded / total) * 100)) : 0 });
    };
    request.onerror = request.ontimeout = () => failed();
    request.onload = () => {
      const answer = request.response as { file?: ChatFile; token?: string; error?: WireError } | null;
      if (request.status === 201 && answer?.file) {
        if (answer.token) chat.known(answer.token);
        dispatch({ type: "ready", key, done: answer.file });
      } else {
        failed(answer?.error?.message, !FINAL.includes(request.status));
      }
    };
    request.onloadend = () => running.delete(key);
    const body = new FormData();
    body.append("file", file);
    if (!token) body.append("visitor_key", chat.key());
    request.send(body);
  }

  return {
    list: () => list,
    add(files) {
      for (const file of files) {
        const key = randomId();
        dispatch({ type: "add", key, file });
        send(key, file);
      }
    },
    retry(key) {
      const one = list.find((other) => other.key === key);
      if (!one) return;
      dispatch({ type: "retry", key });
      send(key, one.file);
    },
    remove(key) {
      running.get(key)?.abort();
      dispatch({ type: "remove", key });
    },
  };
}
