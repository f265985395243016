import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { ILabViewProps } from '../../components/LabView';
import { LabView } from '../../components/LabView';
import {
  aGPU,
  aLayer,
  aNotebookView,
  anAllowance,
  anIndex,
  aPolicy,
  aProfile,
  aQuestion,
  aReading,
  aSnapshot,
  aUsage
} from '../fixtures';

const NO_HISTORY = {
  rows: null,
  loading: false,
  problem: null,
  download: () => Promise.reject(new Error('nothing to be fetched'))
};

function show(fields: Partial<ILabViewProps> = {}) {
  const calls = { onToggle: jest.fn(), onRefresh: jest.fn(), onMode: jest.fn() };
  const ignored = new Proxy({} as ILabViewProps['actions'], { get: () => jest.fn() });
  render(
    <LabView
      connection="ready"
      snapshot={aSnapshot()}
      problem={null}
      notebook={aNotebookView({ notebook: null, profile: null, launch: undefined })}
      folder={{ folder: '', index: null, loading: false, problem: null }}
      timeline={{
        service: null,
        entries: null,
        more: false,
        durable: true,
        loading: false,
        problem: null
      }}
      usage={{ usage: null, problem: null, history: NO_HISTORY }}
      policy={{ policy: null, problem: null }}
      consents={{ list: null, problem: null }}
      offers={null}
      questions={[]}
      gpus={{ reading: null, problem: null }}
      jobs={{ list: null, problem: null }}
      models={{ list: null, loading: false, problem: null, service: null }}
      plan={{ people: 24, plan: null, loading: false, problem: null }}
      actions={ignored}
      collapsed={
        new Set(['folder', 'timeline', 'usage', 'jobs', 'gpus', 'models', 'plan'])
      }
      trans={nullTranslator.load('coursia_genai_lab')}
      {...calls}
      {...fields}
    />
  );
  return calls;
}

describe('the panel', () => {
  it('shows grey lines until the first answer', () => {
    show({ connection: 'loading', snapshot: null });
    expect(screen.getByRole('status', { name: 'Asking the server' })).toBeTruthy();
    expect(screen.queryByRole('region')).toBeNull();
  });

  it('says how to turn the extension on where it is off', () => {
    const { onRefresh } = show({ connection: 'absent', snapshot: null });
    expect(screen.getByText('GenAI is off on this server')).toBeTruthy();
    expect(
      screen.getByText('jupyter server extension enable coursia_genai_lab')
    ).toBeTruthy();
    expect(screen.queryByRole('alert')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefresh).toHaveBeenCalledTimes(1);
  });

  it('alerts when the server stops answering, and keeps what it last knew', () => {
    const problem = new ApiError('unreachable', 'TypeError', '', 0);
    show({ connection: 'unreachable', problem });
    expect(screen.getByRole('alert').textContent).toContain(
      'The server does not answer'
    );
    expect(screen.getByText('ComfyUI')).toBeTruthy();
  });

  it('tells a refusal from an outage', () => {
    const problem = new ApiError('forbidden', '403 Forbidden', '', 403);
    show({ connection: 'forbidden', snapshot: null, problem });
    expect(screen.getByText(/You may not see/)).toBeTruthy();
    expect(screen.getByText('403 Forbidden')).toBeTruthy();
  });

  it('has named parts that fold away', () => {
    const { onToggle } = show({ collapsed: new Set(['services', 'timeline']) });
    for (const name of [
      'This notebook',
      'Services',
      'Usage',
      'GPUs',
      'Models',
      'Before class',
      'What happened',
      'This folder',
      'Mode and policy'
    ]) {
      expect(screen.getByRole('region', { name })).toBeTruthy();
    }
    const services = screen.getByRole('button', { name: 'Services' });
    expect(services.getAttribute('aria-expanded')).toBe('false');
    expect(screen.queryByText('ComfyUI')).toBeNull();
    fireEvent.click(services);
    expect(onToggle).toHaveBeenCalledWith('services', true);
    fireEvent.click(screen.getByRole('button', { name: /^Mode\b/ }));
    expect(onToggle).toHaveBeenCalledWith('mode', false);
  });

  it('shows the notebooks of the folder only while somebody looks', () => {
    const folder = {
      folder: 'course',
      index: anIndex(),
      loading: false,
      problem: null
    };
    show({ folder });
    expect(screen.queryByText('images.ipynb')).toBeNull();
    show({ folder, collapsed: new Set() });
    expect(screen.getByText('images.ipynb')).toBeTruthy();
  });

  it('names the warnings of the server first, and unfolds what they say', () => {
    const warning = {
      code: 'conflict',
      message: 'Kernels run on a remote gateway.',
      remedy: 'Start them here.',
      command: null
    };
    show({ snapshot: aSnapshot({ warnings: [warning] }) });
    expect(screen.getByText('Not possible right now')).toBeTruthy();
    const details = screen.getByText(warning.message).closest('details');
    expect(details?.open).toBe(false);
    expect(details?.textContent).toContain(warning.remedy);
  });
});

describe('a question of a cloud', () => {
  const asked = aQuestion({ waiting: 2 });

  it('stands at the top with reason, price, place of the data and both answers', () => {
    const onAllowCloud = jest.fn();
    const onDeclineCloud = jest.fn();
    const actions = {
      onAllowCloud,
      onDeclineCloud
    } as unknown as ILabViewProps['actions'];
    show({ questions: [{ asked, busy: false }], actions });
    const question = within(
      screen.getByRole('region', { name: 'May OpenRouter draw, for money?' })
    );
    expect(question.getByText(/The service ended while it worked/)).toBeTruthy();
    expect(question.getByText('at most $0.05 a picture')).toBeTruthy();
    expect(question.getByText(/in the United States/)).toBeTruthy();
    expect(question.getByText(/^2 calls wait|^%1 call/)).toBeTruthy();
    expect(question.getByRole('link').getAttribute('rel')).toBe('noopener noreferrer');
    fireEvent.click(question.getByRole('button', { name: 'Allow' }));
    expect(onAllowCloud).toHaveBeenCalledWith(asked);
    fireEvent.click(question.getByRole('button', { name: 'Not now' }));
    expect(onDeclineCloud).toHaveBeenCalledWith(asked);
  });

  it('has its own words for pictures that would be sent', () => {
    const upload = aQuestion({ kind: 'upload' });
    show({ questions: [{ asked: upload, busy: false }] });
    const name = 'May the pictures of this call be sent to OpenRouter?';
    expect(screen.getByRole('region', { name })).toBeTruthy();
    expect(screen.getByText(/The pictures that you give to the call/)).toBeTruthy();
  });

  it('takes no second answer while one is on its way', () => {
    show({ questions: [{ asked, busy: true }] });
    for (const name of ['Allowing…', 'Not now']) {
      const button = screen.getByRole('button', { name }) as HTMLButtonElement;
      expect(button.disabled).toBe(true);
    }
  });

  it('follows no address that is not on the web', () => {
    const policy_url = 'javascript:alert(1)';
    show({ questions: [{ asked: aQuestion({ policy_url }), busy: false }] });
    expect(screen.queryByRole('link')).toBeNull();
  });
});

describe('what is left', () => {
  it('is told by the heading of the folded section', () => {
    const left = [anAllowance(), anAllowance({ window: 'week', pictures_left: 3 })];
    show({ usage: { usage: aUsage({ left }), problem: null, history: NO_HISTORY } });
    expect(screen.getByRole('button', { name: /^Usage/ }).textContent).toMatch(
      /3 pictures left|%1 picture/
    );
  });
});

describe('the mode', () => {
  const mode = aSnapshot().mode;

  it('shows what is in force, where it holds, and who set it', () => {
    show({
      snapshot: aSnapshot({
        mode: {
          ...mode,
          effective: 'local',
          layers: [
            aLayer({ value: 'local', set_by: "the server's configuration" }),
            aLayer({ layer: 'class' }),
            aLayer({ layer: 'person', editable: true })
          ]
        }
      })
    });
    const local = screen.getByRole('radio', { name: /^Local/ }) as HTMLInputElement;
    expect(local.checked).toBe(true);
    expect(screen.getByText('Mode of this server')).toBeTruthy();
    const said = (who: string) =>
      screen.getByText(who, { selector: 'dt' }).nextElementSibling?.textContent;
    expect(said('The server')).toBe('Localdecidesset by its configuration');
    expect(said('The class')).toBe('says nothing');
    expect(said('You')).toBe('says nothing');
    expect(screen.getByText(/Nothing more is enforced here/)).toBeTruthy();
  });

  it('asks for another mode, and paints nothing before the server says so', () => {
    const { onMode } = show();
    const demo = screen.getByRole('radio', { name: /^Demo/ }) as HTMLInputElement;
    fireEvent.click(demo);
    expect(onMode).toHaveBeenCalledWith('demo');
    expect(demo.checked).toBe(false);
  });

  it('does not offer what an upper layer forbids', () => {
    show({
      snapshot: aSnapshot({ mode: { ...mode, effective: 'off', choices: ['off'] } })
    });
    const auto = screen.getByRole('radio', { name: /^Automatic/ }) as HTMLInputElement;
    expect(auto.disabled).toBe(true);
  });

  it('lets one take the own choice back', () => {
    const own = {
      layer: 'person' as const,
      value: 'demo' as const,
      set_by: 'ada',
      since: 1,
      editable: true
    };
    const { onMode } = show({
      snapshot: aSnapshot({ mode: { ...mode, layers: [own] } })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Take my choice back' }));
    expect(onMode).toHaveBeenCalledWith(null);
  });

  it('shows what the notebook in front asks for between the class and oneself', () => {
    const notebook = aNotebookView({ profile: aProfile({ mode: 'demo' }) });
    show({ notebook });
    const terms = Array.from(document.querySelectorAll('dt'), dt => dt.textContent);
    expect(terms.slice(0, 4)).toEqual([
      'The server',
      'The class',
      'The notebook',
      'You'
    ]);
    expect(
      screen.getByText('The notebook', { selector: 'dt' }).nextElementSibling
        ?.textContent
    ).toBe('Demo');
  });

  it('does not promise what can be got around', () => {
    const policy = { policy: aPolicy({ enforced: true }), problem: null };
    show({ policy });
    expect(screen.getByText(/out of its kernels’ reach/)).toBeTruthy();
    expect(screen.queryByText(/Nothing more is enforced/)).toBeNull();
  });

  it('lets only those plan who may', () => {
    show({ snapshot: aSnapshot({ role: 'student' }) });
    expect(screen.getByRole('region', { name: 'GPUs' })).toBeTruthy();
    expect(screen.queryByRole('region', { name: 'Before class' })).toBeNull();
    show({ snapshot: aSnapshot({ role: 'teacher' }) });
    expect(screen.getByRole('region', { name: 'Before class' })).toBeTruthy();
  });

  it('says in a folded heading how much GPU memory is used', () => {
    const gpu = aGPU({ used_mib: 12_288, total_mib: 24_576 });
    show({ gpus: { reading: aReading({ gpus: [gpu, gpu] }), problem: null } });
    expect(screen.getByRole('button', { name: /^GPUs/ }).textContent).toContain(
      '24.0 of 48.0 GiB'
    );
  });

  it('tells one outage once', () => {
    const problem = new ApiError('unreachable', 'TypeError', '', 0);
    const gpus = { reading: aReading(), problem };
    const collapsed = new Set(['models', 'plan', 'timeline', 'folder']);
    show({ connection: 'unreachable', problem, gpus, collapsed });
    expect(screen.getAllByRole('button', { name: 'Try again' })).toHaveLength(1);
    show({ gpus, collapsed });
    expect(screen.getByText('The GPUs could not be read')).toBeTruthy();
  });
});
