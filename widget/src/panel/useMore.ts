// The part of the panel that comes when it is needed, for views that can do without it until then.
import { useEffect, useState } from "preact/hooks";
import type { Desk } from "./desk";
import type { MoreModule } from "./more/main";

/** The module once it is there; asked for where it is `wanted`. Stays null where it cannot be fetched. */
export function useMore({ more }: Desk, wanted: boolean): MoreModule | null {
  const [, came] = useState(!!more.there);
  useEffect(() => {
    if (wanted && !more.there) more().then(() => came(true), () => {});
  }, [wanted]);
  return (wanted && more.there) || null;
}
