// Where the screens begin: the design, and the shell in the page.
import './design/tokens.css';
import './design/base.css';
import './design/controls.css';
import './design/layout.css';
import './design/tables.css';
import { mount } from 'svelte';
import App from './shell/App.svelte';
import { applyTheme } from './shell/theme.svelte';

applyTheme();
const target = document.getElementById('app');
if (target) mount(App, { target });
