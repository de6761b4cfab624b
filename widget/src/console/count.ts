// The count of conversations that call, in the tab's title and in the navigation.

const title = document.title;

/** Show the count in every `[data-waiting-count]` element and before the title; none at nought. */
export function showCount(count: number): void {
  document.title = count ? `(${count}) ${title}` : title;
  for (const element of document.querySelectorAll<HTMLElement>("[data-waiting-count]")) {
    element.textContent = count ? String(count) : "";
    element.hidden = count === 0;
  }
}
