// Opens the page. All addresses begin where this file came from, so a proxy may put a path in front of them.

import { Accessible } from "./accessible.js";
import { listen, restore, session } from "./session.js";
import { Viewer, streamsFirst } from "./viewer.js";

const root = new URL("../", import.meta.url);
const description = new URL("openapi.json", root).href;

const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

// Without `validatorUrl: null` Swagger UI would ask a server of its makers to judge the document.
const ui = SwaggerUIBundle({
  url: description,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  plugins: [Accessible, Viewer, session(root)],
  responseInterceptor: (response) => {
    // The document names the address of the platform. This page may call the server it came from, and no other.
    if (response.url === description && response.ok) {
      const servers = [{ url: root.href.replace(/\/$/, "") }];
      const text = JSON.stringify({ ...streamsFirst(JSON.parse(response.text)), servers });
      // Links in its words begin at the root, and a browser would begin them at this page.
      response.text = text.replaceAll("](docs/guide", `](${root.href}docs/guide`);
    }
    listen(ui.getSystem(), root, response);
    return response;
  },
  onComplete: () => restore(ui.getSystem()),
});

// A page that the browser kept while another one of ours was open: that one may have signed in or out.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) restore(ui.getSystem());
});
