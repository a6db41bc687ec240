// Which municipality is meant by what a reader types. Rules alone: no page, no files, so that they can be tried by themselves.
// Does not belong here: the names (names.py), or the field and the list of hits (find.js).
(() => {
  "use strict";
  // Letters that are no other letter with a mark. What is written ae, aa and oe where the letter is missing is one letter too.
  const LETTERS = { æ: "a", ø: "o", đ: "d", ð: "d", ŋ: "n", ŧ: "t", ł: "l" };
  const AROUND = /^(?:kommunen|municipality of) | (?:kommune|kommun|herad|municipality|kommuuni|gielda|suohkan|tjielte)$/;

  // Small letters, and one blank for whatever stands between words.
  const plain = (words) => words.toLowerCase().normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  const folded = (words) => plain(words).normalize("NFD").replace(/\p{M}/gu, "")
    .replace(/[æøđðŋŧł]/g, (letter) => LETTERS[letter]).replace(/a[ae]/g, "a").replace(/oe/g, "o");
  const asked = (form, words) => form(words).replace(AROUND, "").trim();

  const OWN = ["full", "own"];
  // A name as it is: the name of the tables, then other own names, then those that were or will be.
  const exact = (kind) => (kind === "full" ? 0 : kind === "own" ? 1 : 2);
  const EXACT = 3;
  // From here on a name only contains what was typed; names of the year before those that were.
  const FOLDED = 3;
  const BEGINS = 6;
  const NOT = 99;

  const rank = (name, strict, loose) => {
    if (name.plain === strict) return exact(name.kind);
    if (name.folded === loose) return FOLDED + exact(name.kind);
    const later = OWN.includes(name.kind) ? 0 : 1;
    if (name.folded.startsWith(loose)) return BEGINS + later;
    // What tells municipalities of one name apart is no part of the name.
    if (name.isTold) return NOT;
    if (name.folded.includes(` ${loose}`)) return BEGINS + 2 + later;
    return loose.length > 1 && !name.isCode && name.folded.includes(loose) ? BEGINS + 4 + later : NOT;
  };

  // Entries of the index: code, name, and names as [name, kind, year]. Made once.
  const prepare = (entries) => entries.map((entry) => ({
    ...entry,
    names: entry.names.map(([name, kind, year = null]) => ({
      name, kind, year, plain: plain(name), folded: folded(name), isCode: /^\d+$/.test(name), isTold: name.endsWith(")"),
    })),
  }));

  // What is meant by some words: hits, the likeliest first, each with the name by which it was found, and the code that is
  // meant where there is no doubt. A name that is spelt as typed goes before one that only folds to it; a name of the tables
  // goes before all others, and of the rest no name of several municipalities is taken for one of them.
  const find = (words, entries) => {
    const strict = asked(plain, words);
    const loose = asked(folded, words);
    if (!loose) return { hits: [], sure: null };
    // A code of a spreadsheet that lost its zero.
    const code = /^\d{3}$/.test(strict) ? `0${strict}` : null;
    const hits = [];
    for (const entry of entries) {
      let best = null;
      for (const name of entry.names) {
        const found = code && name.plain === code ? FOLDED + exact(name.kind) : rank(name, strict, loose);
        if (found !== NOT && (!best || found < best.rank)) best = { rank: found, by: name };
      }
      if (best) hits.push({ code: entry.code, name: entry.name, county: entry.county, ...best });
    }
    hits.sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name, "nb") || (a.code < b.code ? -1 : 1));
    const one = (some) => (some.length === 1 ? some[0].code : null);
    let sure = one(hits);
    for (const from of [FOLDED, 0]) {
      const some = hits.filter((hit) => hit.rank >= from && hit.rank < from + EXACT);
      if (some.length) sure = one(some.filter((hit) => hit.rank === from)) || one(some);
    }
    return { hits, sure };
  };

  window.IS248SEARCH = { plain, folded, prepare, find };
})();
