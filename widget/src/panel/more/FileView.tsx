// A file of a message: an image as its thumbnail, anything else as a row. Neither is ever opened as a page.
import { useState } from "preact/hooks";
import { FILE } from "../../icons";
import { westernLocale } from "../../i18n/words";
import type { ChatFile } from "../../protocol";
import type { Desk } from "../desk";
import { Icon } from "../Icon";

const WIDEST_PX = 240;
const HIGHEST_PX = 200;

export function FileView({ desk, file }: { desk: Desk; file: ChatFile }) {
  const [broken, setBroken] = useState(false);
  const { base, lang, t } = desk;
  const { name, thumb } = file;
  const link = { href: base + file.url, download: name, target: "_blank", rel: "noopener" };
  if (thumb && !broken) {
    const scale = Math.min(1, WIDEST_PX / thumb.width, HIGHEST_PX / thumb.height);
    return (
      <a class="picture" data-lc="file" {...link}>
        <img
          src={base + thumb.url}
          width={Math.round(thumb.width * scale)}
          height={Math.round(thumb.height * scale)}
          alt={t("file_open", { name })}
          onError={() => setBroken(true)}
        />
      </a>
    );
  }
  return (
    <a class="file" data-lc="file" {...link}>
      <Icon path={FILE} />
      <span class="file-text"><bdi>{name}</bdi><span class="file-size">{sizeOf(file.size, lang)}</span></span>
    </a>
  );
}

/** As people say it: 312 kB, 1.4 MB. */
export function sizeOf(bytes: number, lang: string): string {
  const [unit, count] = bytes < 1_000_000 ? ["kilobyte", Math.ceil(bytes / 1_000)] : ["megabyte", bytes / 1_000_000];
  return new Intl.NumberFormat(westernLocale(lang), { style: "unit", unit, maximumFractionDigits: 1 }).format(count as number);
}
