import * as React from 'react';

/** The language of the page, for dates, numbers and money; undefined: the browser's. */
export function language(): string | undefined {
  return document.documentElement.lang || undefined;
}

/** A time of day, with its day where that is not today; `at` and `now` in Unix seconds. */
export function clock(at: number, now: number): string {
  const [date, today] = [at, now].map(seconds => new Date(seconds * 1000));
  const isToday = date.toDateString() === today.toDateString();
  return new Intl.DateTimeFormat(language(), {
    ...(!isToday && { weekday: 'short', day: 'numeric', month: 'short' }),
    hour: 'numeric',
    minute: '2-digit'
  }).format(date);
}

/** Date and time to the minute; `at` in Unix seconds. */
export function dateAndTime(at: number): string {
  return new Intl.DateTimeFormat(language(), {
    dateStyle: 'medium',
    timeStyle: 'short'
  }).format(new Date(at * 1000));
}

/** How long ago, in the largest unit that fits; `at` and `now` in Unix seconds. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, now - at);
  const format = new Intl.RelativeTimeFormat(language(), {
    numeric: 'auto',
    style: 'short'
  });
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60]
  ] as const;
  for (const [unit, size] of units) {
    if (seconds >= size) {
      return format.format(-Math.floor(seconds / size), unit);
    }
  }
  // "12 seconds ago" would be wrong while it is read.
  return format.format(0, 'second');
}

/** A number with so many digits behind its point, as the language writes it. */
export function decimal(value: number, digits: number): string {
  return new Intl.NumberFormat(language(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits
  }).format(value);
}

/** The time of the clock in Unix seconds, looked at every so many seconds; null: never again. */
export function useNow(everySeconds: number | null): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (everySeconds === null) {
      return;
    }
    const look = () => setNow(Date.now() / 1000);
    look();
    const timer = setInterval(look, everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds]);
  return now;
}
