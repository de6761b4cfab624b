// Uploading one file of an operator's, with its progress.
import type { ChatFile, WireError } from "../protocol";
import type { Attachment } from "./state";

export interface Upload {
  /** What became of it: the file, or the code and the sentence of what is wrong. Nothing when it was cancelled. */
  done: Promise<Partial<Attachment>>;
  cancel(): void;
}

/** Begin to send the file for a message in that conversation; `onProgress` hears 0 to 1. */
export function upload(to: { url: string; csrf: string }, conversation: string, file: File, onProgress: (part: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Partial<Attachment>>((resolve) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => resolve(outcome(request));
    request.onerror = request.ontimeout = () => resolve({ problem: "no_connection" });
    request.onabort = () => resolve({});
  });
  const form = new FormData();
  form.append("conversation", conversation);
  form.append("file", file);
  request.open("POST", to.url);
  request.setRequestHeader("X-CSRFToken", to.csrf);
  request.setRequestHeader("Accept", "application/json");
  request.send(form);
  return { done, cancel: () => request.abort() };
}

function outcome({ status, responseText }: XMLHttpRequest): Partial<Attachment> {
  try {
    const answer = JSON.parse(responseText) as { file?: ChatFile; error?: WireError };
    if (status < 300 && answer.file) return { file: answer.file, progress: 1 };
    return { problem: answer.error?.message || answer.error?.code || "error" };
  } catch {
    return { problem: status === 413 ? "too_large" : "error" };
  }
}

const PREVIEW = 96; // px

/** A small picture of an image, as an address within the page; null for what is none that the browser can draw. */
export async function previewOf(file: File): Promise<string | null> {
  if (!file.type.startsWith("image/")) return null;
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, PREVIEW / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return canvas.toDataURL();
  } catch {
    return null;
  }
}
