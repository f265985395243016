import { act, fireEvent, screen } from '@testing-library/react';

import { aHolder, aProfile, aService } from '../fixtures';

import { button, showServices } from './showServices';

describe('the facts of a service', () => {
  it('shows address, runtime, models and users of a service that is in use', () => {
    const holder = {
      kernel_id: null,
      since: 1,
      active: true,
      strength: 'active' as const,
      ends_at: null
    };
    showServices(
      [
        aService({
          state: 'ready',
          runtime: 'docker',
          door: 'http://127.0.0.1:8188',
          gpu_vram_mib: 12288,
          models: [{ id: 'flux-1', title: 'FLUX.1', available: true, size_mib: null }],
          holders: [{ ...holder, kind: 'kernel', label: 'a.ipynb' }]
        })
      ],
      aProfile()
    );
    for (const fact of [
      '127.0.0.1:8188',
      'Docker container',
      '12 GiB',
      'FLUX.1',
      'a.ipynb'
    ]) {
      expect(screen.getByText(fact)).toBeTruthy();
    }
    expect(button('Copy the address')).toBeTruthy();
  });

  it('tells who uses a service from who is only open, and what that means', () => {
    showServices(
      [
        aService({
          state: 'ready',
          stops_in_seconds: 420,
          holders: [
            aHolder({ label: 'a.ipynb' }),
            aHolder({ kind: 'job', label: 'j.ipynb', strength: 'protected' }),
            aHolder({ label: 'b.ipynb', active: false, strength: 'dormant' }),
            aHolder({ label: 'c.ipynb', active: false, strength: 'suspended' })
          ]
        })
      ],
      aProfile()
    );
    const terms = screen.getAllByRole('term').map(term => term.textContent);
    expect(terms).toEqual(['Used by', 'Open, but quiet']);
    const [used, quiet] = screen.getAllByRole('definition');
    expect(used.textContent).toBe('a.ipynbj.ipynb (makes an image)');
    expect(quiet.textContent).toContain('b.ipynbc.ipynb (no sign of life)');
    expect(quiet.textContent).toContain('It is not kept by them');
    expect(button(/^ComfyUI Ready · stops in 7 minutes/)).toBeTruthy();
  });

  it('counts down between two snapshots', () => {
    jest.useFakeTimers();
    try {
      showServices([aService({ state: 'ready', stops_in_seconds: 50 })]);
      expect(button(/stops in 50 seconds/)).toBeTruthy();
      act(() => jest.advanceTimersByTime(20_000));
      expect(button(/stops in 30 seconds/)).toBeTruthy();
      act(() => jest.advanceTimersByTime(60_000));
      expect(button(/stops now/)).toBeTruthy();
    } finally {
      jest.useRealTimers();
    }
  });

  it('shows until when somebody keeps it, and lets it go', () => {
    const ends = new Date();
    ends.setHours(17, 30, 0, 0);
    const pin = aHolder({
      kind: 'pin',
      label: 'ada',
      strength: 'protected',
      ends_at: ends.getTime() / 1000
    });
    const { onLetGo } = showServices(
      [aService({ state: 'ready', holders: [pin] })],
      aProfile()
    );
    expect(screen.getByText(/^Kept until 0?5:30 PM by you$/)).toBeTruthy();
    expect(button(/Ready · kept until 0?5:30 PM/)).toBeTruthy();
    fireEvent.click(button('Let ComfyUI go'));
    expect(onLetGo).toHaveBeenCalledWith('comfyui');
  });

  it('offers no end of a pin to whom it is not for', () => {
    const pin = aHolder({ kind: 'pin', label: 'another person' });
    showServices([aService({ state: 'ready', holders: [pin] })], aProfile(), false);
    expect(screen.getByText('Kept by another person until let go')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Let/ })).toBeNull();
  });

  it('names the day of a pin that ends on another one, and knows one without an end', () => {
    const pin = aHolder({ kind: 'pin', label: 'another person' });
    const later = aHolder({ kind: 'pin', label: 'bo', ends_at: 4_000_000_000 });
    showServices([aService({ state: 'ready', holders: [later, pin] })], aProfile());
    expect(screen.getByText('Kept by another person until let go')).toBeTruthy();
    expect(
      screen.getByText(/^Kept until .*(Sun|Mon|Tue|Wed|Thu|Fri|Sat).* by bo$/)
    ).toBeTruthy();
    expect(button(/kept until let go/)).toBeTruthy();
  });
});
