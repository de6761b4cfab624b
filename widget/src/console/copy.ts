// Copy buttons: `<button data-copy="#id" data-copied="Copied">` copies the text of that element and says so for a moment.

const SAID_MS = 2000;

/** Let every copy button of the page work, also those that come later. */
export function copyButtons(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copy]") : null;
    const source = button?.dataset.copy ? document.querySelector<HTMLElement>(button.dataset.copy) : null;
    if (!button || !source) return;
    void copied(source).then((done) => done && say(button));
  });
}

async function copied(source: HTMLElement): Promise<boolean> {
  const text = source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement ? source.value : (source.textContent ?? "");
  try {
    await navigator.clipboard.writeText(text.trim());
    return true;
  } catch {
    // No clipboard for scripts (plain http on a network address): mark the text, so that Ctrl+C copies it.
    getSelection()?.selectAllChildren(source);
    return false;
  }
}

function say(button: HTMLElement): void {
  const { copied: words } = button.dataset;
  if (!words || button.dataset.before) return;
  button.dataset.before = button.textContent ?? "";
  button.textContent = words;
  setTimeout(() => {
    button.textContent = button.dataset.before ?? "";
    delete button.dataset.before;
  }, SAID_MS);
}
