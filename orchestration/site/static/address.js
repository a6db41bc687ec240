// The address of a figure: the figure and its choices follow the # of the page; and the citation of a figure.
// Works from a folder and from a server. Does not belong here: buttons (actions.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text } = site;
  const MEASURE = "measure";
  const FIGURE = "figure";
  const SORT = "sort";
  const followed = new Set();
  const isEmbedded = new URLSearchParams(location.search).has("embed");

  // An anchor, followed by choices as name=code, each after a semicolon.
  const parsed = () => {
    let hash = location.hash.slice(1);
    try { hash = decodeURIComponent(hash); } catch { /* As it is written. */ }
    const [anchor, ...pairs] = hash.split(";");
    return { anchor, values: Object.fromEntries(pairs.filter((pair) => pair.includes("=")).map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)])) };
  };

  // Several figures of a page may share an anchor, such as that of a question; their choices then include their name.
  const anchorOf = (figure) => figure.config.anchor || figure.element.id;
  const isAsked = (figure, { anchor, values }) => anchor === anchorOf(figure)
    && (figure.config.anchor ? values[FIGURE] === figure.config.id : Object.keys(values).length > 0);

  // The address's choices for a figure; none if the address is of another one.
  const asked = (figure) => {
    const found = parsed();
    return isAsked(figure, found) ? found.values : {};
  };

  const hashOf = (figure) => {
    const pairs = figure.offered.filter((offer) => offer.codes.length > 1).map((offer) => [offer.name, figure.state[offer.name]]);
    if (figure.config.measures.length > 1 && figure.config.across !== MEASURE) pairs.unshift([MEASURE, figure.shown.name]);
    pairs.unshift(...Object.entries(figure.config.asked || {}));
    if (figure.sorted) pairs.push([SORT, `${figure.sorted.at}${figure.sorted.down ? "-" : ""}`]);
    if (figure.config.anchor) pairs.unshift([FIGURE, figure.config.id]);
    return `#${[anchorOf(figure), ...pairs.map((pair) => pair.join("="))].map(encodeURI).join(";")}`;
  };

  // The full address of a figure in its current state and language.
  const linkOf = (figure, embedded = false) => {
    const address = new URL(location.href);
    address.search = "";
    address.searchParams.set("lang", document.documentElement.lang);
    if (embedded) address.searchParams.set("embed", "1");
    address.hash = hashOf(figure);
    return address.href;
  };

  // The address as others can use it: a path on the reader's own machine is cut to the page within the snapshot.
  const sharedLinkOf = (figure) => linkOf(figure).replace(/^file:.*\/(?=site\/)/, "");

  // Keeps the reader's choices in the address; browsers may refuse that for pages from a folder.
  const keep = (figure) => {
    try { history.replaceState(null, "", hashOf(figure)); } catch { /* The button says the address all the same. */ }
  };

  // Embedding: shows only the figure, the notice, and a link to its page. The page's scripts have finished by then.
  const alone = (figure) => {
    const notice = document.querySelector(".notice");
    const whole = site.h("p", { class: "source" }, site.h("a", { href: linkOf(figure), target: "_blank", rel: "noopener" }, text("whole_page")));
    document.body.classList.add("embedded");
    // On its page, the figure's subject is stated elsewhere.
    const caption = figure.element.querySelector("figcaption");
    if (caption) caption.replaceChildren(site.h("h2", {}, figure.name));
    // The style sheet shows the language that these buttons choose, so they remain, but hidden.
    const language = document.querySelector(".language");
    language.classList.add("vh");
    language.inert = true;
    document.body.replaceChildren(...[language, notice, figure.element, whole].filter(Boolean));
    scrollTo(0, 0);
  };

  const show = (figure) => {
    if (!isAsked(figure, parsed())) return;
    if (isEmbedded) setTimeout(() => alone(figure));
    else requestAnimationFrame(() => figure.element.scrollIntoView());
  };

  const follow = (figure) => {
    for (const each of followed) if (!each.element.isConnected && each.started) followed.delete(each);
    followed.add(figure);
    show(figure);
    requestAnimationFrame(() => { figure.started = true; });
  };

  window.addEventListener("hashchange", () => {
    const found = parsed();
    for (const figure of followed) {
      if (figure.element.isConnected && isAsked(figure, found)) {
        Object.assign(figure.wanted, found.values);
        figure.measure = figure.asked();
        figure.render();
        show(figure);
      }
    }
  });

  // The snapshot's id comes from a file beside the pages, which cannot contain it.
  const snapshot = () => (window.IS248_CHANGES || {}).id || "";

  // The chosen measure, if the figure offers several.
  const measured = (figure) => (figure.config.measures.length > 1 && figure.config.across !== MEASURE && figure.shown.title ? [say(figure.shown.title)] : []);

  const cited = (figure) => {
    const { release } = site.known;
    const today = new Intl.DateTimeFormat(site.english() ? "en-GB" : "nb-NO", { dateStyle: "long" }).format(new Date());
    const parts = [
      `${say(release.publisher)}: ${[figure.name, ...measured(figure), ...site.tables.chosen(figure).map((pair) => pair.join(": "))].join(", ")}`,
      say(release.title),
      release.day ? text("published_on", { day: say(release.day) }) : text("published_unknown"),
      snapshot() ? text("snapshot_is", { id: snapshot() }) : text("snapshot_unknown"),
      text("read_on", { day: today }),
    ];
    return `${parts.map((part) => part.replace(/\.$/, "")).join(". ")}. ${sharedLinkOf(figure)}${release.notice ? ` (${say(release.notice)})` : ""}`;
  };

  Object.assign(site, { address: { parsed, asked, keep, follow, linkOf, sharedLinkOf, snapshot, cited } });
})();
