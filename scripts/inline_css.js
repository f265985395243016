const { readFileSync } = require('fs');
const { dirname, join } = require('path');

/** Put the sheets that a sheet imports in their places. */
module.exports = function inlineCSS(source) {
  const folder = dirname(this.resourcePath);
  return source.replace(/@import url\('([\w./]+)'\);/g, (_, name) => {
    const path = join(folder, name);
    this.addDependency(path);
    return readFileSync(path, 'utf-8');
  });
};
