/** How long a person may keep a service. */
export type Keep = 'hour' | 'hours' | 'today' | 'open';

export const KEEP_CHOICES: readonly Keep[] = ['hour', 'hours', 'today', 'open'];

/** The minutes that a choice stands for; null: until somebody lets the service go. */
export function minutesOf(keep: Keep, now: Date): number | null {
  switch (keep) {
    case 'hour':
      return 60;
    case 'hours':
      return 180;
    case 'today':
      return minutesOfToday(now);
    case 'open':
      return null;
  }
}

/** Whether a choice is worth offering: late in the evening today is over too soon. */
export function isWorthwhile(keep: Keep, now: Date): boolean {
  return keep !== 'today' || minutesOfToday(now) > 180;
}

/** Minutes until a minute before midnight; at least one. */
function minutesOfToday(now: Date): number {
  const end = new Date(now);
  end.setHours(23, 59, 0, 0);
  return Math.max(1, Math.round((end.getTime() - now.getTime()) / 60_000));
}
