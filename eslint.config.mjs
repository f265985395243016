import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '.venv/**',
      '.yarn/**',
      'build/**',
      'coverage/**',
      'dist/**',
      'lib/**',
      'coursia_genai_lab/**',
      'src/_wire.ts',
      'ui-tests/test-results/**',
      '**/*.js',
      '**/*.mjs'
    ]
  },
  ...tseslint.configs.recommended,
  { plugins: { jupyter } },
  jupyter.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}', 'ui-tests/**/*.ts'],
    plugins: { 'react-hooks': reactHooks },
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.test.json', './ui-tests/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      ...reactHooks.configs.recommended.rules,
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      // What the face shows at once has to be there when the page is.
      'jupyter/prefer-lazy-imports': [
        'error',
        {
          ignoreImports: [
            './figures',
            './machine',
            '../components/Said',
            '../components/words',
            '../model/lab',
            '../model/teacher',
            '../widgets/ConsentStory',
            '../widgets/attempt',
            '../widgets/LabPanel',
            '../widgets/LaunchStory',
            '../widgets/NotebookChip',
            '../widgets/ServiceMenu',
            '../widgets/StatusWidget'
          ]
        }
      ],
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error'
    }
  },
  {
    files: ['src/__tests__/**', 'ui-tests/**'],
    rules: { 'jupyter/no-untranslated-string': 'off' }
  },
  prettier
);
