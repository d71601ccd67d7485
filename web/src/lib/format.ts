// Numbers, bytes and times as people read them, by the browser's locale and zone.

/** `tokens`, `bytes`, `minutes`, `messages`, or a word of the operator's. */
export type Unit = string;

const STEPS = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

export interface Formats {
  /** Every digit. */
  whole(value: number): string;
  /** `12.3K`. */
  compact(value: number): string;
  /** `6.59 KB`, 1024-based, as the API writes them. */
  bytes(value: number): string;
  /** `256 MB`: for axes, whose ticks are round. */
  tickBytes(value: number): string;
  /** With its unit, short where that saves room: `12.3K tokens`, `6.59 KB`. */
  amount(value: number, unit: Unit): string;
  /** With its unit and every digit: `12,345 tokens`, `6.59 KB (6,748 bytes)`. */
  exact(value: number, unit: Unit): string;
  percent(value: number): string;
  /** `12 Nov`. */
  day(date: string): string;
  /** `Thursday, 12 November 2026`. */
  longDay(date: string): string;
  /** `12 Nov 2026, 14:05`. */
  dateTime(time: string): string;
  /** `14:05:09`. */
  clock(time: Date): string;
  /** `in 5 hours`, `3 minutes ago`. */
  relative(time: string, now: Date): string;
  /** `Europe/Berlin`. */
  zone: string;
}

/** The API's words for units are plurals. */
const unitOf = (unit: Unit, value: number) =>
  Math.abs(value) === 1 && unit.endsWith("s") ? unit.slice(0, -1) : unit;

/** The formats of a locale and zone; the browser's if they are left out. */
export function formats(locale?: string, zone?: string): Formats {
  const whole = new Intl.NumberFormat(locale);
  const two = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const one = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  // Days of the reports are UTC's, so they are not shifted by the reader's zone.
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const longDay = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeZone: "UTC" });
  const inZone = zone === undefined ? {} : { timeZone: zone };
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", ...inZone });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium", ...inZone });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

  function bytes(value: number, fraction = two): string {
    let size = Math.abs(value);
    let step = 0;
    while (size >= 1024 && step < STEPS.length - 1) {
      size /= 1024;
      step += 1;
    }
    const number = step === 0 ? whole.format(value) : fraction.format(Math.sign(value) * size);
    return `${number} ${STEPS[step]}`;
  }

  return {
    whole: (value) => whole.format(value),
    compact: (value) => compact.format(value),
    bytes: (value) => bytes(value),
    tickBytes: (value) => bytes(value, one),
    amount: (value, unit) => {
      if (unit === "bytes") return bytes(value);
      const short = Math.abs(value) >= 100_000 ? compact.format(value) : whole.format(value);
      return `${short} ${unitOf(unit, value)}`;
    },
    exact: (value, unit) => {
      if (unit !== "bytes") return `${whole.format(value)} ${unitOf(unit, value)}`;
      return Math.abs(value) < 1024 ? bytes(value) : `${bytes(value)} (${whole.format(value)} bytes)`;
    },
    percent: (value) => percent.format(value / 100),
    day: (date) => day.format(new Date(`${date}T00:00:00Z`)),
    longDay: (date) => longDay.format(new Date(`${date}T00:00:00Z`)),
    dateTime: (time) => dateTime.format(new Date(time)),
    clock: (time) => clock.format(time),
    relative: (time, now) => {
      const seconds = (new Date(time).getTime() - now.getTime()) / 1000;
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.trunc(seconds), "second");
      if (size < 3_600) return relative.format(Math.trunc(seconds / 60), "minute");
      if (size < 86_400) return relative.format(Math.trunc(seconds / 3_600), "hour");
      return relative.format(Math.trunc(seconds / 86_400), "day");
    },
    zone: dateTime.resolvedOptions().timeZone,
  };
}

/** The reader's. */
export const format = formats();
