import { canBeKept, pinned } from '../../model/holders';
import { isWorthwhile, minutesOf } from '../../model/keep';
import { aHolder, aService } from '../fixtures';

describe('how long a service may be kept', () => {
  const noon = new Date(2026, 0, 15, 12, 0);

  it('is told in minutes, the rest of the day up to a minute before midnight', () => {
    expect(minutesOf('hour', noon)).toBe(60);
    expect(minutesOf('hours', noon)).toBe(180);
    expect(minutesOf('today', noon)).toBe(11 * 60 + 59);
    expect(minutesOf('open', noon)).toBeNull();
  });

  it('is never nothing, and the rest of a late evening is not offered', () => {
    const late = new Date(2026, 0, 15, 23, 59, 30);
    expect(minutesOf('today', late)).toBe(1);
    expect(isWorthwhile('today', late)).toBe(false);
    expect(isWorthwhile('today', noon)).toBe(true);
    expect(isWorthwhile('hour', late)).toBe(true);
  });
});

describe('what may be kept', () => {
  it('is ours, local, and able to run', () => {
    expect(canBeKept(aService())).toBe(true);
    expect(canBeKept(aService({ kind: 'cloud' }))).toBe(false);
    expect(canBeKept(aService({ external_owner: 'operator' }))).toBe(false);
    expect(canBeKept(aService({ can_start: false }))).toBe(false);
    expect(canBeKept(aService({ can_start: false, wanted: true }))).toBe(true);
  });

  it('is let go with what it stands in for', () => {
    const holders = [aHolder({ kind: 'pin' })];
    const demo = aService({ name: 'demo', holders });
    const played = aService({ stand_in: 'demo', holders });
    const other = aService({ name: 'flux', holders });
    const names = pinned(demo, [demo, played, other]).map(({ name }) => name);
    expect(names).toEqual(['demo', 'comfyui']);
  });
});
