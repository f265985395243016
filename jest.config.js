const base = require('@jupyterlab/testing/lib/jest-config')(__dirname);

// Packages that ship ES modules only, so jest has to transform them.
const esModules = [
  '@codemirror',
  '@jupyter',
  '@jupyterlab',
  '@lezer',
  '@marijn',
  '@microsoft',
  'lib0',
  'nanoid',
  'y-protocols',
  'y-websocket',
  'yjs',
  'vscode-ws-jsonrpc',
  'color',
  'exenv-es6'
].join('|');

module.exports = {
  ...base,
  automock: false,
  collectCoverageFrom: [
    'src/**/*.{ts,tsx}',
    '!src/**/*.d.ts',
    '!src/**/__tests__/**',
    '!src/_wire.ts'
  ],
  coverageReporters: ['text', 'lcov'],
  reporters: ['default'],
  testRegex: 'src/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`]
};
