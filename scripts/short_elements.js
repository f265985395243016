const IMPORT = "import * as React from 'react';";

/**
 * Give the call that every element of a component is by a name of its own: a name is made short by
 * the minifier of scripts, a member of an imported module is not.
 */
module.exports = function shortElements(source) {
  return source.includes(IMPORT)
    ? source
        .replaceAll('React.createElement(', 'createElement(')
        .replace(IMPORT, `${IMPORT} const { createElement } = React;`)
    : source;
};
