// The pages on which an owner sets a form up: lists of rows without reloading, what matters only sometimes out of
// sight, a warning before typed things are lost, and the live preview. Without it the pages do all of that by the server.
import { conditions } from "./conditions";
import { livePreview } from "./preview";
import { rowLists } from "./rows";

const form = document.querySelector<HTMLFormElement>("[data-form-editor]");

if (form) {
  const place = document.querySelector<HTMLElement>("[data-preview]");
  const refresh = place && livePreview(form, place);
  const follow = conditions(form);
  rowLists(form, () => {
    follow();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
  guard(form);
  if (refresh) form.addEventListener("input", refresh);
}

/** Says that something is not saved, and has the browser ask before it is lost. */
function guard(form: HTMLFormElement): void {
  const said = form.querySelector<HTMLElement>("[data-unsaved]");
  let changed = "changed" in form.dataset;
  const ask = (event: Event) => {
    if (changed) event.preventDefault();
  };
  form.addEventListener("input", () => {
    changed = true;
    if (said) said.hidden = false;
  });
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", ask);
}
