import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import type { LaunchView } from '../../_wire';
import { ConsentModel } from '../../model/consents';
import { LabModel } from '../../model/lab';
import { ConsentStory } from '../../widgets/ConsentStory';
import { aConsent, aLaunch, aSnapshot } from '../fixtures';

const { manager } = Notification;

function setUp() {
  let answer = aSnapshot();
  const lab = new LabModel({ fetch: async () => answer });
  const consents = new ConsentModel({ give: jest.fn() });
  const answered = jest.fn();
  const story = new ConsentStory({
    genai: { consents, lab },
    kernels: () => new Set(['kernel 1']),
    answer: answered,
    trans: nullTranslator.load('coursia_genai_lab')
  });
  lab.changed.connect(story.tell, story);
  consents.changed.connect(story.tell, story);
  ended.push(story, consents, lab);
  const become = async (...launches: LaunchView[]) => {
    answer = aSnapshot({ revision: answer.revision + 1, launches });
    await lab.refresh();
  };
  return { answered, become, consents };
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
});
