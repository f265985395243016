import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { translateSettings } from '../../plugins/settingsWords';

const ID = 'coursia-genai-lab:lab';

const schema = () => ({
  title: 'GenAI Lab',
  type: 'object',
  properties: {
    notifications: {
      title: 'Start of a service',
      oneOf: [{ const: 'none', title: 'Not at all' }]
    }
  }
});

const loud = Object.assign(Object.create(nullTranslator.load('coursia_genai_lab')), {
  _p: (_: string, text: string) => text.toUpperCase()
}) as TranslationBundle;

describe('the settings of a plugin', () => {
  it('are shown in the language of the page, also after they were saved', () => {
    const plugins: Record<string, { schema: object }> = { [ID]: { schema: schema() } };
    const registry = { plugins } as unknown as ISettingRegistry;
    const pluginChanged = new Signal<ISettingRegistry, string>(registry);
    Object.assign(registry, { pluginChanged });
    translateSettings(registry, ID, loud);
    const translated = {
      title: 'GENAI LAB',
      type: 'object',
      properties: {
        notifications: {
          title: 'START OF A SERVICE',
          oneOf: [{ const: 'none', title: 'NOT AT ALL' }]
        }
      }
    };
    expect(plugins[ID].schema).toEqual(translated);
    plugins[ID] = { schema: schema() };
    pluginChanged.emit(ID);
    expect(plugins[ID].schema).toEqual(translated);
  });
});
