/** Some seconds in words, as "40 seconds" or "3 minutes" of that locale. */
export function waitingTime(seconds: number, locale: string): string {
  const minutes = seconds >= 90;
  const options = { style: "unit", unit: minutes ? "minute" : "second", unitDisplay: "long" } as const;
  return new Intl.NumberFormat(locale, options).format(minutes ? Math.ceil(seconds / 60) : Math.ceil(seconds));
}
