import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import type { ConsentNeeded, LaunchView } from '../../_wire';
import { ConsentModel } from '../../model/consents';
import { LabModel } from '../../model/lab';
import { ConsentStory } from '../../widgets/ConsentStory';
import { aConsent, aLaunch, aQuestion, aSnapshot } from '../fixtures';

const { manager } = Notification;

function setUp() {
  let answer = aSnapshot();
  const lab = new LabModel({ fetch: async () => answer });
  const consents = new ConsentModel({ give: jest.fn() });
  const answered = jest.fn();
  const answerCloud = jest.fn();
  const story = new ConsentStory({
    genai: { consents, lab },
    kernels: () => new Set(['kernel 1']),
    answer: answered,
    answerCloud,
    trans: nullTranslator.load('coursia_genai_lab')
  });
  lab.changed.connect(story.tell, story);
  consents.changed.connect(story.tell, story);
  ended.push(story, consents, lab);
  const become = async (...launches: LaunchView[]) => {
    answer = aSnapshot({ revision: answer.revision + 1, launches });
    await lab.refresh();
  };
  const ask = async (...questions: ConsentNeeded[]) => {
    answer = aSnapshot({ revision: answer.revision + 1, questions });
    await lab.refresh();
  };
  return { answerCloud, answered, ask, become, consents };
}

const ended: IDisposable[] = [];

afterEach(() => {
  ended.splice(0).forEach(part => part.dispose());
  manager.dismiss();
});

describe('the question beside a live kernel', () => {
  it('is asked once, with both answers', async () => {
    const { answered, become } = setUp();
    await become(aLaunch({ consent: aConsent() }));
    await become(aLaunch({ consent: aConsent() }));
    expect(manager.count).toBe(1);
    const [told] = manager.notifications;
    expect(told.message).toBe(
      'This notebook’s metadata asks for ComfyUI, which its code does not show. Start it?'
    );
    for (const action of told.options.actions ?? []) {
      action.callback(new MouseEvent('click'));
    }
    expect(answered.mock.calls).toEqual([
      ['kernel 1', true],
      ['kernel 1', false]
    ]);
  });

  it('goes away once it was answered', async () => {
    const { become, consents } = setUp();
    await become(aLaunch({ consent: aConsent() }));
    consents.decline(aConsent());
    expect(manager.count).toBe(0);
    await become(aLaunch({ consent: aConsent({ digest: 'changed' }) }));
    expect(manager.count).toBe(1);
    await become(aLaunch({ consent: aConsent({ digest: 'changed', given: true }) }));
    expect(manager.count).toBe(0);
  });

  it('is not asked for the kernels of others', async () => {
    const { become } = setUp();
    await become(aLaunch({ kernel_id: 'elsewhere', consent: aConsent() }));
    expect(manager.count).toBe(0);
  });

  it('tells of a cloud why and how much, wherever the call came from', async () => {
    const { answerCloud, ask } = setUp();
    await ask(aQuestion());
    await ask(aQuestion({ waiting: 2 }));
    expect(manager.count).toBe(1);
    const [told] = manager.notifications;
    expect(told.message).toBe(
      'The service ended while it worked. May OpenRouter draw, for money? (at most $0.05 a picture)'
    );
    expect(told.message.length).toBeLessThanOrEqual(140);
    for (const action of told.options.actions ?? []) {
      action.callback(new MouseEvent('click'));
    }
    expect(
      answerCloud.mock.calls.map(([{ provider }, yes]) => [provider, yes])
    ).toEqual([
      ['openrouter', true],
      ['openrouter', false]
    ]);
  });

  it('asks before pictures are sent as another question than before a cloud draws', async () => {
    const { ask } = setUp();
    await ask(aQuestion(), aQuestion({ kind: 'upload' }));
    expect(manager.count).toBe(2);
    await ask(aQuestion({ kind: 'upload' }));
    expect(manager.notifications.map(({ message }) => message)).toEqual([
      expect.stringContaining('May the pictures of this call be sent to OpenRouter?')
    ]);
    await ask(aQuestion({ kind: 'upload', given: true }));
    expect(manager.count).toBe(0);
  });
});
