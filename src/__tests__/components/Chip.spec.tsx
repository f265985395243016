import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import * as React from 'react';

import type { ServiceView } from '../../_wire';
import { Chip } from '../../components/Chip';
import { aService } from '../fixtures';

function show(service: ServiceView | null, lost = false) {
  const { container } = render(
    <Chip
      service={service}
      choice="auto"
      lost={lost}
      onOpen={() => undefined}
      onMenu={() => undefined}
      trans={nullTranslator.load('coursia_genai_lab')}
    />
  );
  return { dots: container.querySelectorAll('[data-state]').length };
}

describe('the chip of a notebook', () => {
  it('says the state in words and by a mark', () => {
    const { dots } = show(aService({ state: 'failed' }));
    expect(screen.getByText('GenAI: Failed')).toBeTruthy();
    expect(dots).toBe(1);
  });

  it('claims nothing while the server does not answer', () => {
    const { dots } = show(aService({ state: 'ready' }), true);
    expect(screen.getByText('GenAI: no answer')).toBeTruthy();
    expect(screen.getByTitle('The server does not answer')).toBeTruthy();
    expect(dots).toBe(0);
  });
});
