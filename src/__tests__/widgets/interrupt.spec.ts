import { nullTranslator } from '@jupyterlab/translation';
import { dismissDialog, waitForDialog } from '@jupyterlab/testing';

import type { HolderView } from '../../_wire';
import { ApiError } from '../../api/request';
import { LabModel } from '../../model/lab';
import { interrupt } from '../../widgets/interrupt';
import { aHolder, aService, aSnapshot } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

async function setUp(holders: HolderView[]) {
  let known = holders;
  const lab = new LabModel({
    fetch: async () =>
      aSnapshot({ services: [aService({ state: 'ready', holders: known })] })
  });
  ended.push(lab);
  await lab.refresh();
  const act = jest.fn<Promise<void>, [unknown, boolean]>(() => Promise.resolve());
  const stop = () => interrupt(lab, 'comfyui', act, trans);
  const forced = () => act.mock.calls.map(([, force]) => force);
  const come = (later: HolderView[]) => {
    known = later;
  };
  return { act, come, forced, stop };
}

const ended: LabModel[] = [];
afterEach(() => ended.splice(0).forEach(lab => lab.dispose()));

/** The default is Cancel, so that Enter breaks nothing. */
function stopAnyway(): void {
  document.querySelector<HTMLElement>('.jp-Dialog button.jp-mod-warn')?.click();
}

const IN_USE = new ApiError('in_use', 'ComfyUI is in use by b.ipynb.', '', 409);

describe('what breaks a service', () => {
  it('asks nobody where notebooks are open, but quiet', async () => {
    const { forced, stop } = await setUp([
      aHolder({ active: false, strength: 'dormant' })
    ]);
    await stop();
    expect(forced()).toEqual([false]);
  });

  it('asks where somebody uses it, and names them', async () => {
    const { forced, stop } = await setUp([aHolder({ label: 'a.ipynb' })]);
    const stopped = stop();
    await waitForDialog();
    expect(document.querySelector('.jp-Dialog')?.textContent).toContain(
      'In use by a.ipynb. What it is doing now is lost.'
    );
    stopAnyway();
    await stopped;
    expect(forced()).toEqual([true]);
  });

  it('does nothing where the answer is no', async () => {
    const { forced, stop } = await setUp([aHolder()]);
    const stopped = stop();
    await dismissDialog();
    await stopped;
    expect(forced()).toEqual([]);
  });

  it('asks as well when somebody came meanwhile', async () => {
    const { act, come, forced, stop } = await setUp([]);
    act.mockRejectedValueOnce(IN_USE);
    come([aHolder({ label: 'b.ipynb' })]);
    const stopped = stop();
    await waitForDialog();
    expect(document.querySelector('.jp-Dialog')?.textContent).toContain('b.ipynb');
    stopAnyway();
    await stopped;
    expect(forced()).toEqual([false, true]);
  });

  it('says who keeps it by their word', async () => {
    const { stop } = await setUp([aHolder({ kind: 'pin', label: 'ada' })]);
    const stopped = stop();
    await waitForDialog();
    expect(document.querySelector('.jp-Dialog')?.textContent).toContain(
      'Kept by you until let go.'
    );
    await dismissDialog();
    await stopped;
  });

  it('passes every other failure on', async () => {
    const { act, stop } = await setUp([]);
    act.mockRejectedValueOnce(new ApiError('conflict', 'no', '', 409));
    await expect(stop()).rejects.toThrow('no');
  });
});
