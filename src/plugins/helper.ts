import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import { guardForm } from '../widgets/formKeys';
import { grant, HELPER_TARGET, readWish } from '../widgets/helper';

/** The other half of the generation form in a notebook: what a kernel cannot do itself. */
export const helper: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:helper',
  description:
    'Helps the generation form: new cells, the clipboard, and keys of its own.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker): void => {
    tracker.widgetAdded.connect((_, panel) => serve(panel));
    window.addEventListener('keydown', guardForm, true);
  }
};

function serve(panel: NotebookPanel): void {
  const { context, sessionContext } = panel;
  const answer = async (comm: Kernel.IComm, data: unknown) => {
    const wish = readWish(data);
    const copy = (text: string) => navigator.clipboard.writeText(text);
    const done = wish !== null && (await grant(wish, context.model, copy));
    if (!comm.isDisposed) {
      comm.send({ done });
    }
  };
  const register = () =>
    sessionContext.session?.kernel?.registerCommTarget(
      HELPER_TARGET,
      (comm, message) => void answer(comm, message.content.data)
    );
  sessionContext.kernelChanged.connect(register);
  register();
}
