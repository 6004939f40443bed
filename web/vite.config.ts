// How the screens are built: a few large files with hashed names, and nothing in them that depends on the day, the machine or
// the commit, so that two builds of the same sources are the same octets.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The files that modules are built into: what comes from others, the shell with all its parts, charts, and one for each area. A group
// takes along what its modules need, so those that others need come first.
const groups = [
  { name: 'vendor', test: /\/node_modules\/(?!uplot\/)/, priority: 4 },
  { name: 'app', test: /\/src\/(?!screens\/|charts\/|shell\/entry\/\w+\.svelte)|vite\/preload-helper/, priority: 3 },
  { name: 'charts', test: /\/src\/charts\/|\/node_modules\/uplot\//, priority: 2 },
  { name: 'terms', test: /\/src\/screens\/terms\/(Terms|terms|party)/, priority: 2 },
  { name: 'money', test: /\/src\/screens\/billing\/parts\//, priority: 2 },
  { name: 'account', test: /\/src\/screens\/account\/wallet\//, priority: 2 },
  { name: 'invoices', test: /\/src\/screens\/account\/documents\//, priority: 1 },
  { name: 'bundles', test: /\/src\/screens\/account\/offers\//, priority: 1 },
  { name: 'accounts', test: /\/src\/screens\/billing\/accounts\//, priority: 1 },
  { name: 'documents', test: /\/src\/screens\/billing\/(documents\/(?!Invoice\w*Dialog)|payments\/)/, priority: 1 },
  { name: 'offers', test: /\/src\/screens\/billing\/(offers\/(?!BundleDialog|PlanOfferDialog)|earnings\/)/, priority: 1 },
  // What is loaded later: the pages of links in mails, and forms that a screen opens.
  { name: 'entry', test: /\/src\/shell\/entry\/\w+\.svelte/, priority: 1 },
  { name: 'forms', test: /\/src\/screens\/terms\/(?!Terms|terms|party)/, priority: 1 },
  { name: 'products', test: /\/src\/screens\/billing\/offers\/(BundleDialog|PlanOfferDialog)/, priority: 1 },
  { name: 'steps', test: /\/src\/screens\/billing\/documents\/Invoice\w*Dialog/, priority: 1 },
  ...['operations', 'messages', 'prices', 'reseller', 'traffic', 'connection', 'webhooks', 'administration'].map((area) => ({ name: area, test: new RegExp(`/src/screens/${area}/`), priority: 1 })),
];

// While working: requests for data go to a daemon.
const proxy = { '/v1': { target: process.env.TOLLGATE ?? 'http://127.0.0.1:8080', changeOrigin: false } };

export default defineConfig({
  base: '/app/',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true, css: 'external' } })],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    rolldownOptions: {
      output: {
        codeSplitting: { groups },
      },
    },
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
