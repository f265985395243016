import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { giveConsent } from '../api/consents';
import { indexFolder, profileNotebook } from '../api/notebooks';
import { getPlan } from '../api/plan';
import { makeDownload, makeRequester, OPENAI_PREFIX } from '../api/request';
import { getStatus } from '../api/services';
import { getTimeline } from '../api/timeline';
import { said } from '../components/Said';
import { ConsentModel } from '../model/consents';
import { FolderModel } from '../model/folder';
import { LabModel } from '../model/lab';
import { NotebookModel } from '../model/notebook';
import { PlanModel } from '../model/plan';
import { Preferences } from '../model/preferences';
import { TeacherModel } from '../model/teacher';
import { TimelineModel } from '../model/timeline';
import { IGenAILab } from '../tokens';

import { watchFigures } from './figures';
import { translateSettings } from './settingsWords';

const PLUGIN_ID = 'coursia-genai-lab:lab';

/** Holds the state that every other feature shows. */
export const lab: JupyterFrontEndPlugin<IGenAILab> = {
  id: PLUGIN_ID,
  description: 'Follows the GenAI services of this server and the notebook in front.',
  autoStart: true,
  provides: IGenAILab,
  requires: [INotebookTracker],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ): IGenAILab => {
    const { events, serverSettings } = app.serviceManager;
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const nameOf = (title: string) => said(title, trans);
    const request = makeRequester(serverSettings, undefined, nameOf);
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
    const teacher = new TeacherModel({ notebook });
    const consents = new ConsentModel({
      give: asked => giveConsent(request, asked)
    });
    const folder = new FolderModel({
      load: (path, wait) => indexFolder(request, path, wait)
    });
    const timeline = new TimelineModel({ load: query => getTimeline(request, query) });
    const figures = watchFigures(
      request,
      makeRequester(serverSettings, OPENAI_PREFIX, nameOf)
    );
    const plan = new PlanModel({ load: people => getPlan(request, people) });
    model.changed.connect(() => timeline.follow(model.snapshot), timeline);
    model.changed.connect(() => {
      if (model.connection === 'ready') {
        void notebook.follow();
      }
    }, notebook);
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
      .then(loaded => {
        preferences.follow(loaded);
        translateSettings(settings, PLUGIN_ID, trans);
      })
      .catch(reason => console.warn('coursia-genai-lab: no settings', reason));
    return {
      lab: model,
      notebook,
      teacher,
      consents,
      folder,
      timeline,
      ...figures,
      plan,
      preferences,
      request,
      download: makeDownload(serverSettings)
    };
  }
};
