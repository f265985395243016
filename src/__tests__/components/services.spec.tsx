import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { ModelInfo, Profile, ServiceView, UsageView } from '../../_wire';
import { ServiceList } from '../../components/ServiceList';
import { progressWords } from '../../components/progressWords';
import { aHolder, anAllowance, anOffer, aProfile, aService, aUsage } from '../fixtures';
import { serverPhases } from '../server';

const trans = nullTranslator.load('coursia_genai_lab');

function show(
  services: ServiceView[],
  profile: Profile | null = null,
  mayKeep = true,
  mayBuild = mayKeep,
  offers: ModelInfo[] | null = null,
  usage: UsageView | null = null
) {
  const actions = {
    onStart: jest.fn(),
    onStop: jest.fn(),
    onLogs: jest.fn(),
    onLetGo: jest.fn(),
    onBuild: jest.fn(),
    onCancelBuild: jest.fn(),
    onShowModels: jest.fn(),
    onServiceMenu: jest.fn()
  };
  render(
    <ServiceList
      services={services}
      profile={profile}
      person="ada"
      mayKeep={mayKeep}
      mayBuild={mayBuild}
      gpuNames={new Map([['GPU-1', 'GPU 0']])}
      offers={offers}
      usage={usage}
      trans={trans}
      {...actions}
    />
  );
  return actions;
}

const button = (name: string | RegExp) => screen.getByRole('button', { name });

const FAILED = {
  code: 'hung',
  message: 'It hung.',
  remedy: 'Start it.',
  command: null
};

describe('the services', () => {
  it('says so where the catalogue is empty', () => {
    show([]);
    expect(screen.getByText('The catalogue of services is empty.')).toBeTruthy();
  });

  it('shows all of them while none matters more than another', () => {
    show([aService(), aService({ name: 'forge', title: 'Forge' })]);
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
  });

  it('keeps those that nobody needs behind one line', () => {
    const others = ['forge', 'flux'].map(name => aService({ name, title: name }));
    show([...others, aService()], aProfile());
    expect(button(/ComfyUI.*needed here/)).toBeTruthy();
    expect(screen.queryByText('forge')).toBeNull();
    fireEvent.click(button('Show 2 other services'));
    expect(screen.getByText('forge')).toBeTruthy();
  });

  it('does not call a service busy only because its stand-in is', () => {
    const demo = aService({
      name: 'demo',
      title: 'Demo',
      state: 'ready',
      wanted: true
    });
    const played = aService({
      name: 'flux',
      title: 'Flux',
      state: 'ready',
      stand_in: 'demo'
    });
    show([demo, played]);
    expect(screen.getByText('Demo')).toBeTruthy();
    expect(screen.queryByText('Flux')).toBeNull();
  });

  it('says why a stand-in answers, and what would bring the service itself', () => {
    const reason = {
      code: 'docker_not_running',
      message: 'Docker does not answer.',
      remedy: 'Start Docker.',
      command: 'systemctl start docker'
    };
    const demo = aService({ name: 'demo', title: 'Demo' });
    show([aService({ stand_in: 'demo', stand_in_reason: reason }), demo]);
    fireEvent.click(button(/^ComfyUI/));
    expect(screen.getByText('Demo answers in its place.')).toBeTruthy();
    expect(screen.getByText('Start Docker.')).toBeTruthy();
    expect(screen.getByText('systemctl start docker')).toBeTruthy();
  });

  it('tells phase, percent and estimate of a start, to the eye and to a screen reader', () => {
    const phase = 'waiting for its first answer';
    show([aService({ state: 'starting', phase, percent: 40.4, estimate_seconds: 18 })]);
    const bar = screen.getByRole('progressbar', { name: 'Progress of ComfyUI' });
    expect(bar.getAttribute('aria-valuenow')).toBe('40');
    const words = 'Waiting for its first answer · 40 % · about 20 seconds left';
    expect(bar.getAttribute('aria-valuetext')).toBe(words);
    expect(screen.getByText(words)).toBeTruthy();
    // Heard by quarters: each percent would be a flood.
    const heard = 'Waiting for its first answer · 25 %';
    expect(screen.getByRole('status').textContent).toBe(heard);
  });

  it('claims no percent that is not known', () => {
    show([aService({ state: 'pulling' })]);
    expect(screen.getByRole('progressbar').hasAttribute('aria-valuenow')).toBe(false);
    expect(screen.getByRole('status').textContent).toBe('Downloading');
  });

  it('shows a phase that it has no words for as it was told', () => {
    show([aService({ state: 'starting', phase: 'loading layers 3/7' })]);
    expect(screen.getByRole('status').textContent).toBe('loading layers 3/7');
  });

  it('starts a service that stands still', () => {
    const { onStart } = show([aService()]);
    fireEvent.click(button('Start ComfyUI'));
    expect(onStart).toHaveBeenCalledWith('comfyui');
    expect(screen.queryByRole('button', { name: /^Stop/ })).toBeNull();
  });

  it('stops one that runs, opens its log, and offers the rest in a menu', () => {
    const { onLogs, onServiceMenu, onStop } = show([
      aService({ state: 'ready', runtime: 'process', can_start: false, can_stop: true })
    ]);
    fireEvent.click(button('Stop ComfyUI'));
    fireEvent.click(button('Show the log of ComfyUI'));
    const more = button('More about ComfyUI');
    fireEvent.click(more);
    expect(onStop).toHaveBeenCalledWith('comfyui');
    expect(onLogs).toHaveBeenCalledWith('comfyui');
    expect(onServiceMenu).toHaveBeenCalledWith('comfyui', more);
    expect(more.getAttribute('aria-haspopup')).toBe('menu');
  });

  it('offers no stop of what belongs to somebody else', () => {
    const owner = 'the container comfyui-teacher';
    show([aService({ state: 'ready', runtime: 'external', external_owner: owner })]);
    fireEvent.click(button(/^ComfyUI/));
    expect(screen.getByText(`Run by ${owner}; used, never stopped`)).toBeTruthy();
    expect(button(/^ComfyUI Ready · run by others/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Stop/ })).toBeNull();
  });

  it('says of a failure what happened, why and what to do, with its log at hand', () => {
    const problem = {
      code: 'service_died',
      message: 'It ended with status 1.',
      remedy: 'Read its log.',
      command: 'coursia-genai logs comfyui'
    };
    show([aService({ state: 'failed', problem })]);
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The service ended unexpectedly');
    expect(alert.textContent).toContain(problem.message);
    expect(alert.textContent).toContain(problem.remedy);
    expect(button('Copy the command')).toBeTruthy();
    expect(button('Show the log of ComfyUI')).toBeTruthy();
  });

  it('tells the troubles that its service file knows, as text', () => {
    const troubleshooting = 'The disk is full: <b>make room</b>.\nIt is slow: wait.';
    show([aService({ state: 'failed', problem: FAILED, troubleshooting })]);
    const known = screen.getByText(/^The disk is full: <b>make room<\/b>\./);
    expect(known.textContent).toBe(troubleshooting);
    expect(known.lang).toBe('en');
    expect(screen.getByText('Known troubles')).toBeTruthy();
  });

  it('says nothing of troubles that nobody knows', () => {
    show([aService({ state: 'failed', problem: FAILED })]);
    expect(screen.queryByText('Known troubles')).toBeNull();
  });

  it('keeps the reason of an unavailable service at hand, not in the way', () => {
    const problem = {
      code: 'runtime_unavailable',
      message: 'Docker does not answer.',
      remedy: 'Start it.',
      command: null
    };
    show([aService({ state: 'unavailable', can_start: false, problem })]);
    expect(screen.queryByText('Docker does not answer.')).toBeNull();
    fireEvent.click(button(/ComfyUI.*Not available/));
    expect(screen.getByText('Docker does not answer.')).toBeTruthy();
  });

  it('shows that reason at once to whose notebook needs the service', () => {
    const problem = {
      code: 'runtime_unavailable',
      message: 'Docker does not answer.',
      remedy: 'Start it.',
      command: null
    };
    show([aService({ state: 'unavailable', problem })], aProfile());
    expect(screen.getByText('Docker does not answer.')).toBeTruthy();
  });

  it('shows address, runtime, models and users of a service that is in use', () => {
    const holder = {
      kernel_id: null,
      since: 1,
      active: true,
      strength: 'active' as const,
      ends_at: null
    };
    show(
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
      '12.0 GiB',
      'FLUX.1',
      'a.ipynb'
    ]) {
      expect(screen.getByText(fact)).toBeTruthy();
    }
    expect(button('Copy the address')).toBeTruthy();
  });

  it('tells who uses a service from who is only open, and what that means', () => {
    show(
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
      show([aService({ state: 'ready', stops_in_seconds: 50 })]);
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
    const { onLetGo } = show(
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
    show([aService({ state: 'ready', holders: [pin] })], aProfile(), false);
    expect(screen.getByText('Kept by another person until let go')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Let/ })).toBeNull();
  });

  it('names the day of a pin that ends on another one, and knows one without an end', () => {
    const pin = aHolder({ kind: 'pin', label: 'another person' });
    const later = aHolder({ kind: 'pin', label: 'bo', ends_at: 4_000_000_000 });
    show([aService({ state: 'ready', holders: [later, pin] })], aProfile());
    expect(screen.getByText('Kept by another person until let go')).toBeTruthy();
    expect(
      screen.getByText(/^Kept until .*(Sun|Mon|Tue|Wed|Thu|Fri|Sat).* by bo$/)
    ).toBeTruthy();
    expect(button(/kept until let go/)).toBeTruthy();
  });

  it('tells a download in bytes', () => {
    show([
      aService({
        state: 'pulling',
        phase: 'downloading the image',
        percent: 15.2,
        done_bytes: 1_200_000_000,
        total_bytes: 7_900_000_000,
        estimate_seconds: 185
      })
    ]);
    expect(
      screen.getByText(
        'Downloading its image · 1.2 of 7.9 GB · 15 % · about 3 minutes left'
      )
    ).toBeTruthy();
  });

  it('tells what was downloaded while the whole is not known', () => {
    show([
      aService({
        state: 'pulling',
        phase: 'downloading the image',
        done_bytes: 42_000_000
      })
    ]);
    expect(screen.getByText('Downloading its image · 42 MB so far')).toBeTruthy();
  });
});

describe('a service that lacks its image or its models', () => {
  const UNBUILT = {
    code: 'image_missing',
    message: 'The image is not here.',
    remedy: 'Build it.',
    command: 'coursia-genai build comfyui'
  };

  it('offers to build a missing image to those who may', () => {
    const service = aService({
      state: 'unavailable',
      can_start: false,
      can_build: true,
      problem: UNBUILT
    });
    const { onBuild } = show([service], aProfile());
    fireEvent.click(button('Build image…'));
    expect(onBuild).toHaveBeenCalledWith('comfyui');
  });

  it('offers no build to a teacher, who has the words to pass on', () => {
    const service = aService({
      state: 'unavailable',
      can_build: true,
      problem: UNBUILT
    });
    show([service], aProfile(), true, false);
    expect(screen.queryByRole('button', { name: 'Build image…' })).toBeNull();
    expect(screen.getByText('coursia-genai build comfyui')).toBeTruthy();
  });

  it('shows how a build goes, and ends it', () => {
    const { onCancelBuild, onLogs } = show(
      [aService({ state: 'building', phase: 'step 3 of 12', percent: 25 })],
      aProfile()
    );
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    fireEvent.click(button('Cancel the build of ComfyUI'));
    expect(onCancelBuild).toHaveBeenCalledWith('comfyui');
    fireEvent.click(button('Show the log of ComfyUI'));
    expect(onLogs).toHaveBeenCalledWith('comfyui');
  });

  it('leads from missing models to the models, where students only look', () => {
    const service = aService({
      state: 'unavailable',
      missing_models: ['qwen'],
      problem: { code: 'models_missing', message: 'm', remedy: 'r', command: null }
    });
    const { onShowModels } = show([service], aProfile());
    fireEvent.click(button('Fetch models…'));
    expect(onShowModels).toHaveBeenCalledWith('comfyui');
    show([service], aProfile(), false);
    expect(button('Show models')).toBeTruthy();
  });

  it('names the GPUs that a service runs on, by their ids where no reading is there', () => {
    show(
      [
        aService({
          state: 'ready',
          gpus: ['GPU-1', 'GPU-89abcdef-0123'],
          models: [{ id: 'qwen', title: 'Qwen', available: false, size_mib: null }],
          missing_models: ['qwen']
        })
      ],
      aProfile()
    );
    expect(screen.getByText('GPU 0, GPU 89abcdef…')).toBeTruthy();
    expect(screen.getByText('Qwen (missing)')).toBeTruthy();
  });
});

describe('the words of a start', () => {
  const words = (fields: Partial<ServiceView>) =>
    progressWords(aService({ state: 'starting', ...fields }), trans);

  it('know every phase that the server reports', () => {
    const phases = serverPhases();
    expect(phases).toContain('downloading the image');
    expect(phases.filter(phase => words({ phase }) === phase)).toEqual([]);
  });

  it('say whose server is used or woken', () => {
    expect(words({ phase: 'using the container comfyui-qwen' })).toBe(
      'Using what the container comfyui-qwen runs'
    );
    expect(words({ phase: 'starting the container qwen of the project lab' })).toBe(
      'Waking the container qwen of the project lab'
    );
    expect(words({ phase: 'using the user bo on port 8188' })).toBe(
      'Using what the user bo on port 8188 runs'
    );
  });

  it('say what it waits for on the GPU', () => {
    expect(words({ phase: 'waiting for GPU memory that FLUX uses' })).toBe(
      'Waiting for GPU memory that FLUX uses'
    );
    expect(words({ phase: 'waiting for GPU memory that another Lab uses' })).toBe(
      'Waiting for GPU memory that another Lab uses'
    );
    expect(words({ phase: 'freeing memory of FLUX' })).toBe(
      'Freeing the GPU memory of FLUX'
    );
  });

  it('say which step of a build runs', () => {
    const phase = 'step 2 of 9: RUN pip install torch';
    expect(words({ phase, state: 'building', percent: 11.1 })).toBe(
      'Building, step 2 of 9: RUN pip install torch · 11 %'
    );
  });
});

describe('a mode that lets nobody use a service', () => {
  it.each([
    ['off', { kind: 'local', state: 'ready' }, 'Off'],
    ['off', { kind: 'cloud', state: 'ready' }, 'Off'],
    ['off', { kind: 'local', state: 'failed', problem: FAILED }, 'Off'],
    ['local', { kind: 'cloud', state: 'ready' }, 'The mode does not allow it'],
    ['off', { kind: 'local', state: 'stopping' }, 'Stopping']
  ] as const)('is told on its card (%s, %j)', (barred_by, fields, word) => {
    show([aService({ ...fields, barred_by, can_start: false })], aProfile());
    const card = button(/^ComfyUI/);
    expect(card.textContent).toBe(`ComfyUI${word} · needed here`);
    expect(screen.queryByRole('button', { name: 'Start ComfyUI' })).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

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
    show([cloud()], null, false, false, offers, aUsage({ left: [cap] }));
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
    show([cloud(fields)]);
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
    show([cloud({ last_word: { at: 1_700_000_000, problem } })]);
    fireEvent.click(button(/^OpenAI/));
    expect(screen.getByText('Last call')).toBeTruthy();
    expect(screen.getByText('OpenAI took more than 60 seconds.').lang).toBe('en');
  });

  it('says that its key is missing, and the command that sets it', () => {
    const command = 'coursia-genai secrets set OPENAI_API_KEY';
    show([
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
