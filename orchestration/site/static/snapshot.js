// Shows the snapshot that the pages belong to. CHANGES.js beside them has its id, which is computed from the pages, too.
(() => {
  "use strict";
  const id = (window.IS248_CHANGES || {}).id;
  const show = () => {
    for (const place of document.querySelectorAll("[data-snapshot]")) place.textContent = id || place.dataset[document.documentElement.lang];
  };
  show();
  document.addEventListener("languagechosen", show);
})();
