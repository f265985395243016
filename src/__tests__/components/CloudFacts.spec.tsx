import { fireEvent, screen } from '@testing-library/react';

import type { ServiceView } from '../../_wire';
import { anAllowance, anOffer, aService, aUsage } from '../fixtures';

import { button, showServices } from './showServices';

describe('a cloud', () => {
  const cloud = (fields: Partial<ServiceView> = {}) =>
    aService({
      name: 'openai',
      title: 'OpenAI',
      kind: 'cloud',
      state: 'ready',
      ...fields
    });

  it('shows its models with prices, and what may still be spent today', () => {
    const offers = [
      anOffer(),
      anOffer({ id: 'free', title: 'Trial', price_cents: 0 }),
      anOffer({ id: 'old', title: 'Old', available: false, reason: 'It is retired.' }),
      anOffer({ id: 'other', title: 'Not its own', service: 'openrouter' })
    ];
    const cap = anAllowance({
      scope: 'provider',
      name: 'openai',
      pictures: null,
      cents: 500,
      cents_left: 120
    });
    showServices([cloud()], null, false, false, offers, aUsage({ left: [cap] }));
    fireEvent.click(button(/^OpenAI/));
    expect(screen.getByText(/^Present/)).toBeTruthy();
    expect(screen.getByText('at most $0.04 a picture')).toBeTruthy();
    expect(screen.getByText('free of charge')).toBeTruthy();
    expect(screen.getByText('It is retired.')).toBeTruthy();
    expect(screen.queryByText('Not its own')).toBeNull();
    expect(
      screen.getByRole('meter', { name: 'Money' }).getAttribute('aria-valuetext')
    ).toBe('$1.20 left of $5.00');
  });

  it.each([
    ['Key present', {}],
    [/Last answer: \w/, { last_word: { at: 1_700_000_000, problem: null } }],
    [
      'The provider failed',
      {
        last_word: {
          at: 1_700_000_000,
          problem: { code: 'cloud_down', message: 'm', remedy: 'r', command: null }
        }
      }
    ],
    [
      'The provider refuses the Lab’s key',
      {
        state: 'unavailable',
        problem: { code: 'cloud_key_refused', message: 'm', remedy: 'r', command: null }
      }
    ]
  ] as const)('is never called ready: %s', (word, fields) => {
    showServices([cloud(fields)]);
    const card = button(/^OpenAI/);
    expect(card.textContent).toMatch(word);
    expect(card.textContent).not.toContain('Ready');
  });

  it('shows when it was last called, and what came of it', () => {
    const problem = {
      code: 'cloud_timed_out',
      message: 'OpenAI took more than 60 seconds.',
      remedy: 'Wait.',
      command: null
    };
    showServices([cloud({ last_word: { at: 1_700_000_000, problem } })]);
    fireEvent.click(button(/^OpenAI/));
    expect(screen.getByText('Last call')).toBeTruthy();
    expect(screen.getByText('OpenAI took more than 60 seconds.').lang).toBe('en');
  });

  it('says that its key is missing, and the command that sets it', () => {
    const command = 'coursia-genai secrets set OPENAI_API_KEY';
    showServices([
      cloud({
        state: 'unavailable',
        problem: { code: 'no_key', message: 'No key.', remedy: 'Set it.', command }
      })
    ]);
    fireEvent.click(button(/^OpenAI/));
    expect(screen.getByText(command)).toBeTruthy();
    expect(screen.getByText('Missing')).toBeTruthy();
  });
});
