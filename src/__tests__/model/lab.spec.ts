import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Stream } from '@lumino/signaling';

import type { LabEvent, StatusView } from '../../_wire';
import { ApiError } from '../../api/request';
import { EVENT_SCHEMA, LabModel } from '../../model/lab';
import { aService, aSnapshot } from '../fixtures';

type Emission = ReadonlyJSONObject & { schema_id: string };

/** A Lab that answers with what `answer` holds, and an event bus in front of it. */
function setUp(first: StatusView, options: Partial<LabModel.IOptions> = {}) {
  const server = { answer: first as StatusView | ApiError, loads: 0 };
  const bus = new Stream<object, Emission>({});
  const model = new LabModel({
    fetch: async () => {
      server.loads += 1;
      if (server.answer instanceof ApiError) {
        throw server.answer;
      }
      return server.answer;
    },
    events: bus,
    progressLimit: 1,
    ...options
  });
  models.push(model);
  const tell = (event: Partial<LabEvent>, schema_id = EVENT_SCHEMA) => {
    const whole = { instance: 'first life', kind: 'service', ...event };
    bus.emit({ ...whole, schema_id } as unknown as Emission);
  };
  return { model, server, tell };
}

/** Resolve when the model has changed so that `holds` does; jest bounds the wait. */
function until(model: LabModel, holds: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (holds()) {
        model.changed.disconnect(look);
        resolve();
      }
    };
    model.changed.connect(look);
    look();
  });
}

const models: LabModel[] = [];

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
});

describe('the Lab model', () => {
  it('is loading until the first answer', async () => {
    const { model } = setUp(aSnapshot());
    expect(model.connection).toBe('loading');
    await model.refresh();
    expect(model.connection).toBe('ready');
    expect(model.snapshot?.revision).toBe(10);
    expect(model.service('comfyui')?.title).toBe('ComfyUI');
  });

  it('loads again when an event tells of a change', async () => {
    const { model, server, tell } = setUp(aSnapshot());
    await model.refresh();
    server.answer = aSnapshot({
      revision: 11,
      services: [aService({ state: 'ready' })]
    });
    tell({ revision: 11, service: 'comfyui', state: 'ready' });
    await until(model, () => model.service('comfyui')?.state === 'ready');
    expect(server.loads).toBe(2);
  });

  it('shows mere progress at once and asks for the rest a little later', async () => {
    const starting = aService({ state: 'starting', estimate_seconds: 20 });
    const { model, server, tell } = setUp(aSnapshot({ services: [starting] }));
    await model.refresh();
    server.answer = aSnapshot({
      revision: 11,
      services: [{ ...starting, phase: 'loading', percent: 40, estimate_seconds: 12 }]
    });
    tell({
      revision: 11,
      service: 'comfyui',
      state: 'starting',
      phase: 'loading',
      percent: 40
    });
    expect(model.service('comfyui')).toMatchObject({
      phase: 'loading',
      percent: 40,
      estimate_seconds: 20
    });
    await until(model, () => model.service('comfyui')?.estimate_seconds === 12);
    expect(server.loads).toBe(2);
  });

  it('fetches again after a gap in the revisions', async () => {
    const { model, server, tell } = setUp(aSnapshot());
    await model.refresh();
    server.answer = aSnapshot({ revision: 15, person: 'after the gap' });
    tell({ revision: 15, kind: 'launch' });
    await until(model, () => model.snapshot?.person === 'after the gap');
  });

  it('ignores an event that it already knows', async () => {
    const { model, server, tell } = setUp(aSnapshot());
    await model.refresh();
    tell({ revision: 10, service: 'comfyui', state: 'failed' });
    tell({ revision: 9, service: 'comfyui', state: 'failed' });
    await model.refresh();
    expect(server.loads).toBe(2);
    expect(model.service('comfyui')?.state).toBe('stopped');
  });

  it('ignores an older snapshot of the same life that arrives late', async () => {
    const { model, server } = setUp(aSnapshot({ revision: 12 }));
    await model.refresh();
    server.answer = aSnapshot({ revision: 11, person: 'older' });
    await model.refresh();
    expect(model.snapshot).toMatchObject({ revision: 12, person: 'ada' });
  });

  it('takes the smaller revision of a new life', async () => {
    const { model, server, tell } = setUp(aSnapshot({ revision: 99 }));
    await model.refresh();
    server.answer = aSnapshot({ instance: 'second life', revision: 1 });
    tell({ instance: 'second life', revision: 1, kind: 'mode' });
    await until(model, () => model.snapshot?.instance === 'second life');
    expect(model.snapshot?.revision).toBe(1);
  });

  it("does not mind other extensions' events", async () => {
    const { model, server, tell } = setUp(aSnapshot());
    await model.refresh();
    tell({ revision: 50 }, 'https://example.org/other/v1');
    await model.refresh();
    expect(server.loads).toBe(2);
  });

  it('shares the load after the one under way among all who ask meanwhile', async () => {
    const { model, server } = setUp(aSnapshot());
    await Promise.all([model.refresh(), model.refresh(), model.refresh()]);
    expect(server.loads).toBe(2);
  });

  it('polls where no event comes', async () => {
    const { model, server } = setUp(aSnapshot(), { events: null, pollSeconds: 0.01 });
    await model.refresh();
    server.answer = aSnapshot({ revision: 11, person: 'polled' });
    await until(model, () => model.snapshot?.person === 'polled');
  });

  it('keeps the last snapshot while the server does not answer, and recovers', async () => {
    const { model, server } = setUp(aSnapshot(), { pollSeconds: 0.01 });
    await model.refresh();
    server.answer = new ApiError('unreachable', 'connection refused', '', 0);
    await until(model, () => model.connection === 'unreachable');
    expect(model.snapshot?.person).toBe('ada');
    expect(model.problem?.message).toBe('connection refused');
    server.answer = aSnapshot({ revision: 11 });
    await until(model, () => model.connection === 'ready');
    expect(model.problem).toBeNull();
  });

  it('stops asking where the server extension is off, until somebody asks', async () => {
    const { model, server } = setUp(aSnapshot(), { pollSeconds: 0.01 });
    server.answer = new ApiError('extension_off', '404 Not Found', '', 404);
    await model.refresh();
    expect(model.connection).toBe('absent');
    expect(model.snapshot).toBeNull();
    server.answer = aSnapshot();
    await model.refresh();
    expect(model.connection).toBe('ready');
  });

  it('tells a refusal from a failure', async () => {
    const { model, server } = setUp(aSnapshot());
    server.answer = new ApiError('http_403', 'Forbidden', '', 403);
    await model.refresh();
    expect(model.connection).toBe('forbidden');
  });

  it('does nothing after it was disposed', async () => {
    const { model, server } = setUp(aSnapshot());
    model.dispose();
    await model.refresh();
    expect(server.loads).toBe(0);
    expect(model.isDisposed).toBe(true);
  });
});
