import { mount } from "svelte";

import App from "./App.svelte";
import { followLinks } from "./lib/router.svelte";
import { theme } from "./lib/theme.svelte";
import "./styles/main.css";

theme.begin();
followLinks();
mount(App, { target: document.body });
