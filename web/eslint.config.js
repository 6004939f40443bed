import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.d.ts', 'test-results/'] },
  ...tseslint.configs.recommended,
  ...svelte.configs.recommended,
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: tseslint.parser } } },
  {
    // The content security policy refuses style attributes in markup; a `style:` directive is set through the document's own
    // model, which it allows.
    files: ['**/*.svelte'],
    rules: { 'no-restricted-syntax': ['error', { selector: "SvelteAttribute[key.name='style']", message: 'Use a class, or a style: directive.' }] },
  },
  {
    // A time has UTC on hover, wherever it stands.
    files: ['src/screens/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: 'format/time$', importNames: ['local', 'utc'], message: 'Use parts/When.svelte.' }] }] },
  },
  {
    rules: {
      'svelte/no-at-html-tags': 'error',
      'svelte/no-navigation-without-resolve': 'off',
      'svelte/prefer-svelte-reactivity': 'off',
      'svelte/require-each-key': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Use the generated client of src/api.' }, { name: 'parseFloat', message: 'Money and decimals stay text.' }],
    },
  },
);
