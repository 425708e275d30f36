import { mount } from 'svelte';
import './theme/tokens.css';
import './theme/base.css';
import './theme/theme.svelte';
import App from './views/App.svelte';

mount(App, { target: document.getElementById('app')! });
