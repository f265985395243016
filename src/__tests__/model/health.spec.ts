import { footprintOf, partsOf, startsOf, upPercent } from '../../model/health';
import { aHealth, aService, aSnapshot } from '../fixtures';

describe('what is drawn of the health', () => {
  it('places times in their window', () => {
    const spans = [
      { began: 100, ended: 150 },
      { began: 175, ended: 200 }
    ];
    expect(partsOf(spans, 100, 200)).toEqual([
      { left: 0, width: 50 },
      { left: 75, width: 25 }
    ]);
  });

  it('keeps the shortest time visible, at the very end too', () => {
    const [part] = partsOf([{ began: 86_399, ended: 86_400 }], 0, 86_400);
    expect(part.width).toBeGreaterThanOrEqual(0.5);
    expect(part.left + part.width).toBe(100);
  });

  it('never divides by a window of no length', () => {
    expect(upPercent(0, aHealth({ at: 5, window_began: 5 }))).toBe(0);
    expect(partsOf([{ began: 5, ended: 5 }], 5, 5)).toHaveLength(1);
  });

  it('counts starts of all kinds as one whole, stand-ins among them', () => {
    const { metrics } = aHealth();
    const starts = startsOf(
      aHealth({
        metrics: {
          ...metrics,
          classic_executions: 5,
          genai_executions: 4,
          hybrid_executions: 1,
          fallback_executions: 2
        }
      })
    );
    expect(starts.map(({ count, kind, percent }) => [kind, count, percent])).toEqual([
      ['classic', 5, 50],
      ['genai', 4, 40],
      ['hybrid', 1, 10],
      ['fallback', 2, 20]
    ]);
    expect(startsOf(aHealth()).every(({ percent }) => percent === 0)).toBe(true);
  });

  it('is asked for again when a state changes, not when a percentage does', () => {
    const before = footprintOf(aSnapshot());
    expect(footprintOf(aSnapshot({ revision: 99 }))).toBe(before);
    expect(
      footprintOf(aSnapshot({ services: [aService({ state: 'failed' })] }))
    ).not.toBe(before);
  });
});
