const { readFileSync, writeFileSync } = require('fs');
const { join } = require('path');

/** What concerns those who build the extension, and nobody who has it. */
const OF_BUILDERS = [
  'devDependencies',
  'files',
  'resolutions',
  'scripts',
  'sideEffects',
  'types'
];

/**
 * Leave in the built extension of `package.json` what JupyterLab reads; of the copy beside the
 * settings schema that is the version alone.
 */
module.exports = class LeanPackage {
  apply(compiler) {
    compiler.hooks.done.tap('LeanPackage', stats => {
      if (stats.hasErrors()) {
        return;
      }
      const folder = join(compiler.outputPath, '..');
      const path = join(folder, 'package.json');
      const data = JSON.parse(readFileSync(path, 'utf-8'));
      for (const key of OF_BUILDERS) {
        delete data[key];
      }
      const { name, version } = data;
      writeFileSync(path, `${JSON.stringify(data)}\n`);
      writeFileSync(
        join(folder, 'schemas', name, 'package.json.orig'),
        `${JSON.stringify({ name, version })}\n`
      );
    });
  }
};
