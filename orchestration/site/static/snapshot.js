// Which snapshot the pages belong to: CHANGES.js beside them says it, since they are a part of what the id is computed of.
(() => {
  "use strict";
  const id = (window.IS248_CHANGES || {}).id;
  const show = () => {
    for (const place of document.querySelectorAll("[data-snapshot]")) place.textContent = id || place.dataset[document.documentElement.lang];
  };
  show();
  document.addEventListener("languagechosen", show);
})();
