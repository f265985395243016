import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { PolicyView } from '../../_wire';
import { ApiError } from '../../api/request';
import { ConsentsGiven } from '../../components/ConsentsGiven';
import { PolicySection } from '../../components/PolicySection';
import { aPolicy } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');
const titleOf = (name: string) => (name === 'openai' ? 'OpenAI' : name);

function show(fields: Partial<PolicyView> | null, problem: ApiError | null = null) {
  const onRefreshPolicy = jest.fn();
  render(
    <PolicySection
      policy={fields && aPolicy(fields)}
      problem={problem}
      enforced={false}
      onRefreshPolicy={onRefreshPolicy}
      titleOf={titleOf}
      trans={trans}
    />
  );
  return onRefreshPolicy;
}

const fact = (term: string) =>
  screen.getByText(term, { selector: 'dt' }).nextElementSibling?.textContent;

describe('the policy', () => {
  it('shows grey lines until the first answer, then why there is none', () => {
    show(null);
    expect(screen.getByRole('status', { name: 'Loading the policy' })).toBeTruthy();
    const onRefresh = show(null, new ApiError('http_error', '500', '', 500));
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefresh).toHaveBeenCalledTimes(1);
  });

  it('says what holds where no class sets anything', () => {
    show({});
    expect(fact('Models')).toBe('All');
    expect(fact('Text models')).toBe('None');
    expect(fact('Quotas')).toBe('None');
    expect(fact('Without a local service')).toBe('You are asked before a cloud draws.');
    expect(fact('Source')).toMatch(/no policy of a class/);
  });

  it('says what a class sets, and where that is read from', () => {
    show({
      course: 'Images 101',
      fallback: 'never',
      queue_seconds: 120,
      models: ['sdxl-*'],
      quotas: [
        {
          scope: 'person',
          name: '*',
          window: 'day',
          pictures: 20,
          gpu_seconds: null,
          cents: 50
        }
      ],
      groups: ['blue'],
      source: '/srv/class.toml',
      read_at: 1_700_000_000
    });
    expect(fact('Course')).toBe('Images 101');
    expect(fact('Models')).toBe('sdxl-*');
    expect(fact('Quotas')).toMatch(/^Each person: 20 pictures · \$0\.50, per day$/);
    expect(fact('Without a local service')).toContain('No cloud stands in');
    expect(fact('Without a local service')).toContain('2 minutes');
    expect(fact('Your groups')).toBe('blue');
    expect(fact('Source')).toContain('/srv/class.toml');
  });

  it('warns of a source that cannot be read', () => {
    const problem = {
      code: 'policy_unreadable',
      message: 'Line 3 is no TOML.',
      remedy: 'Mend it.',
      command: null
    };
    show({ problem });
    expect(screen.getByText('Line 3 is no TOML.')).toBeTruthy();
    expect(screen.getByText('Mend it.')).toBeTruthy();
  });
});

describe('what was allowed', () => {
  it('is listed with a way to take each back', () => {
    const onWithdraw = jest.fn();
    const base = { path: '', provider: 'openai', digest: 'd', since: 1_700_000_000 };
    const cloud = { ...base, kind: 'cloud' as const };
    const upload = { ...base, kind: 'upload' as const };
    const metadata = { ...base, kind: 'metadata' as const, path: 'a.ipynb' };
    render(
      <ConsentsGiven
        list={{ consents: [cloud, upload, metadata], asked: null, questions: [] }}
        problem={null}
        onWithdraw={onWithdraw}
        onRefreshConsents={jest.fn()}
        titleOf={titleOf}
        trans={trans}
      />
    );
    const names = [
      'Withdraw: OpenAI may draw',
      'Withdraw: Pictures may be sent to OpenAI',
      'Withdraw: What the metadata of a.ipynb asks for'
    ];
    for (const name of names) {
      fireEvent.click(screen.getByRole('button', { name }));
    }
    expect(onWithdraw.mock.calls).toEqual([[cloud], [upload], [metadata]]);
  });

  it('says so where nothing was', () => {
    render(
      <ConsentsGiven
        list={{ consents: [], asked: null, questions: [] }}
        problem={null}
        onWithdraw={jest.fn()}
        onRefreshConsents={jest.fn()}
        titleOf={titleOf}
        trans={trans}
      />
    );
    expect(screen.getByText(/you are asked before a cloud is used/)).toBeTruthy();
  });
});
