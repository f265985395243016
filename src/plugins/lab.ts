import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { profileNotebook } from '../api/notebooks';
import { makeRequester } from '../api/request';
import { getStatus } from '../api/services';
import { LabModel } from '../model/lab';
import { NotebookModel } from '../model/notebook';
import { Preferences } from '../model/preferences';
import { IGenAILab } from '../tokens';

const PLUGIN_ID = 'coursia-genai-lab:lab';

/** Holds the state that every other feature shows. */
export const lab: JupyterFrontEndPlugin<IGenAILab> = {
  id: PLUGIN_ID,
  description: 'Follows the GenAI services of this server and the notebook in front.',
  autoStart: true,
  provides: IGenAILab,
  requires: [INotebookTracker],
  optional: [ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    settings: ISettingRegistry | null
  ): IGenAILab => {
    const { events, serverSettings } = app.serviceManager;
    const request = makeRequester(serverSettings);
    const preferences = new Preferences();
    const model = new LabModel({
      fetch: () => getStatus(request),
      events: events.stream,
      pollSeconds: preferences.pollSeconds
    });
    const notebook = new NotebookModel({
      tracker,
      profile: (path, source) => profileNotebook(request, path, source)
    });
    preferences.changed.connect(() => {
      model.pollSeconds = preferences.pollSeconds;
    }, model);
    // Whoever comes back to the page should not wait for the next look.
    const onVisible = () => {
      if (!document.hidden && model.snapshot) {
        void model.refresh();
      }
    };
    document.addEventListener('visibilitychange', onVisible);
    void app.restored.then(() => model.refresh());
    void settings
      ?.load(PLUGIN_ID)
      .then(loaded => preferences.follow(loaded))
      .catch(reason => console.warn('coursia-genai-lab: no settings', reason));
    return { lab: model, notebook, preferences, request };
  }
};
