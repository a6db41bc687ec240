// Searching a table: hides rows that do not contain every word. The field appears only if the script runs.
(() => {
  "use strict";
  const field = document.getElementById("filter");
  const table = document.getElementById("explained");
  if (!field || !table) return;
  field.parentElement.hidden = false;
  const rows = [...table.tBodies[0].rows];
  // Names that must stay on one line contain non-breaking hyphens, which nobody types.
  const texts = rows.map((row) => row.textContent.replaceAll("\u2011", "-").toLowerCase());
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, place) => { row.hidden = !wanted.every((word) => texts[place].includes(word)); });
    document.getElementById("nothing").hidden = rows.some((row) => !row.hidden);
  });
})();
