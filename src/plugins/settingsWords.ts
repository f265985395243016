import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * Show the settings of a plugin in the reader's language.
 *
 * Jupyter's server translates settings from installed language packs alone, not from the
 * catalogue that an extension brings.
 */
export function translateSettings(
  registry: ISettingRegistry,
  plugin: string,
  trans: TranslationBundle
): void {
  const look = () => translate(registry.plugins[plugin]?.schema ?? {}, trans);
  look();
  // Saving brings the schema anew.
  registry.pluginChanged.connect((_, id) => {
    if (id === plugin) {
      look();
    }
  });
}

function translate(node: object, trans: TranslationBundle): void {
  const fields = node as Record<string, unknown>;
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === 'object' && value !== null) {
      translate(value, trans);
    } else if (/^(title|description)$/.test(key)) {
      // eslint-disable-next-line jupyter/no-dynamic-translation -- the schema lists them
      fields[key] = trans._p('schema', String(value));
    }
  }
}
