// The files that go out with the next message.
import { useEffect, useRef } from "preact/hooks";
import { ALERT, CLOSE, FILE } from "../../icons";
import type { Desk } from "../desk";
import { Icon } from "../Icon";
import type { Upload } from "./uploads";

export function Chips({ desk, list }: { desk: Desk; list: readonly Upload[] }) {
  if (list.length === 0) return null;
  return (
    <ul class="chips" data-lc="uploads">
      {list.map((one) => <Chip key={one.key} desk={desk} upload={one} />)}
    </ul>
  );
}

function Chip({ desk: { t, uploads, lang }, upload }: { desk: Desk; upload: Upload }) {
  const { key, file, state, percent, problem, again } = upload;
  const { name } = file;
  return (
    <li class={`chip ${state}`} data-lc="upload" data-state={state}>
      {file.type.startsWith("image/") && state !== "failed" ? <Preview file={file} /> : <span class="chip-icon"><Icon path={state === "failed" ? ALERT : FILE} /></span>}
      <span class="chip-text">
        <bdi class="chip-name">{name}</bdi>
        {state === "uploading" && (
          <progress max={100} value={percent} aria-label={t("file_uploading", { name })}>{percent.toLocaleString(lang)}</progress>
        )}
        {state === "failed" && (
          <span class="chip-problem" role="alert">
            {problem}{" "}
            {again && <button type="button" class="link" data-lc="upload-retry" onClick={() => uploads!.retry(key)}>{t("retry")}</button>}
          </span>
        )}
      </span>
      <button type="button" class="icon-button small" data-lc="upload-remove" aria-label={t("file_remove", { name })} onClick={() => uploads!.remove(key)}>
        <Icon path={CLOSE} />
      </button>
    </li>
  );
}

/** Drawn, for a page's policy may forbid images out of the browser's own memory. */
function Preview({ file }: { file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    createImageBitmap(file).then((image) => {
      const context = canvas.current?.getContext("2d");
      if (!context) return;
      const side = Math.min(image.width, image.height);
      const { width } = context.canvas;
      context.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, width, width);
      image.close();
    }, () => {});
  }, [file]);
  return <canvas ref={canvas} width={80} height={80} class="chip-preview" aria-hidden="true" />;
}
