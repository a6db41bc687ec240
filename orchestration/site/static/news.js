// What is new: a file beside the pages says it, so that the pages themselves do not depend on the snapshot before.
(() => {
  "use strict";
  const section = document.getElementById("whats-new");
  const changes = window.IS248_CHANGES;
  const show = () => {
    const sentences = (changes.summary || {})[document.documentElement.lang] || [];
    section.hidden = !sentences.length;
    section.querySelector(".news").replaceChildren(...sentences.map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }));
  };
  if (section && changes) {
    show();
    document.addEventListener("languagechosen", show);
  }
})();
