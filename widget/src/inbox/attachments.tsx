// Files that go with the next message: chosen, pasted or dropped; seen as they are uploaded.
import { useRef, useState } from "preact/hooks";
import { Icon, sizeOf, useInbox } from "./context";
import { CLIP, CROSS, FILE } from "./icons";
import type { Attachment } from "./state";

/** Whether one of the files is still on its way. */
export const isUploading = (attachments: Attachment[]): boolean => attachments.some(({ file, problem }) => !file && !problem);

export function AttachButton({ conversation }: { conversation: string }) {
  const { desk, say } = useInbox();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="button quiet only-icon inbox-attach"
        data-lc="attach"
        aria-label={say("inbox.attach")}
        title={say("inbox.attach")}
        onClick={() => input.current?.click()}
      >
        <Icon path={CLIP} />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-lc="attach-input"
        onChange={(event) => {
          desk.attach(conversation, [...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
          event.currentTarget.closest("form")?.querySelector("textarea")?.focus();
        }}
      />
    </>
  );
}

export function Attachments({ conversation, attachments }: { conversation: string; attachments: Attachment[] }) {
  const { say } = useInbox();
  if (attachments.length === 0) return null;
  return (
    <ul class="inbox-attachments" aria-label={say("inbox.attachments")}>
      {attachments.map((attachment) => <Tile key={attachment.key} conversation={conversation} attachment={attachment} />)}
    </ul>
  );
}

const PROBLEMS = ["too_large", "no_connection", "error"] as const;

function Tile({ conversation, attachment }: { conversation: string; attachment: Attachment }) {
  const { desk, say, given } = useInbox();
  const { key, name, size, preview, progress, file, problem } = attachment;
  const code = PROBLEMS.find((one) => one === problem);
  const going = !file && !problem;
  return (
    <li class="inbox-attachment" data-lc="attachment" data-state={problem ? "failed" : file ? "done" : "going"}>
      {preview ? <img src={preview} alt="" /> : <Icon path={FILE} />}
      <div>
        <bdi>{name}</bdi>
        {problem ? (
          <p class="inbox-failed" role="alert">{code ? say(`inbox.attach_${code}`) : problem}</p>
        ) : going ? (
          <progress max={1} value={progress} aria-label={name} />
        ) : (
          <p>{sizeOf(file?.size ?? size, given.lang)}</p>
        )}
      </div>
      <button
        type="button"
        class="button quiet only-icon"
        data-lc="detach"
        aria-label={say(going ? "inbox.attach_cancel" : "inbox.attach_remove", { name })}
        onClick={() => desk.detach(conversation, key)}
      >
        <Icon path={CROSS} />
      </button>
    </li>
  );
}

const hasFiles = (event: DragEvent) => !!event.dataTransfer?.types.includes("Files");

/** What makes an element take files that are dropped on it, and whether some hover over it. */
export function useDrop(conversation: string) {
  const { desk } = useInbox();
  const [over, setOver] = useState(false);
  const drop = {
    onDragOver(event: DragEvent) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave(event: DragEvent) {
      // Moving on to an element inside is not leaving.
      if (!(event.currentTarget as Element).contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop(event: DragEvent) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      desk.attach(conversation, [...event.dataTransfer!.files]);
    },
  };
  return { over, drop };
}
