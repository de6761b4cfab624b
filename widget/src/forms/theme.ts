/** A page that does not speak of a dark colour scheme is light, whatever the visitor's system prefers: so are its forms. */
export function matchingPage(css: string): string {
  const said = document.querySelector<HTMLMetaElement>("meta[name=color-scheme]")?.content;
  const dark = /dark/.test(said + getComputedStyle(document.documentElement).colorScheme);
  return dark ? css : css.replaceAll("prefers-color-scheme:dark", "width<0");
}
