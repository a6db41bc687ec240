// Finds the municipality that a reader's input means. Only rules, without page or files, so that they can be tested alone.
// Does not belong here: the names (names.py), or the field and the list of hits (find.js).
(() => {
  "use strict";
  // Letters that are not another letter with a diacritic. The spellings ae, aa and oe count as one letter too.
  const LETTERS = { æ: "a", ø: "o", đ: "d", ð: "d", ŋ: "n", ŧ: "t", ł: "l" };
  const AROUND = /^(?:kommunen|municipality of) | (?:kommune|kommun|herad|municipality|kommuuni|gielda|suohkan|tjielte)$/;

  // Lower case, with a single blank between words.
  const plain = (words) => words.toLowerCase().normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  const folded = (words) => plain(words).normalize("NFD").replace(/\p{M}/gu, "")
    .replace(/[æøđðŋŧł]/g, (letter) => LETTERS[letter]).replace(/a[ae]/g, "a").replace(/oe/g, "o");
  const asked = (form, words) => form(words).replace(AROUND, "").trim();

  const OWN = ["full", "own"];
  // Ranks of exact matches: the name in the tables, then other own names, then former and later names.
  const exact = (kind) => (kind === "full" ? 0 : kind === "own" ? 1 : 2);
  const EXACT = 3;
  // Ranks of names equal after folding, then of names that begin with or contain the input: own names before former and later ones.
  const FOLDED = 3;
  const BEGINS = 6;
  const NOT = 99;

  const rank = (name, strict, loose) => {
    if (name.plain === strict) return exact(name.kind);
    if (name.folded === loose) return FOLDED + exact(name.kind);
    const later = OWN.includes(name.kind) ? 0 : 1;
    if (name.folded.startsWith(loose)) return BEGINS + later;
    // The addition that distinguishes namesakes must not match.
    if (name.isTold) return NOT;
    if (name.folded.includes(` ${loose}`)) return BEGINS + 2 + later;
    return loose.length > 1 && !name.isCode && name.folded.includes(loose) ? BEGINS + 4 + later : NOT;
  };

  // The entries of the index: code, name, and names as [name, kind, year]. Prepared once.
  const prepare = (entries) => entries.map((entry) => ({
    ...entry,
    names: entry.names.map(([name, kind, year = null]) => ({
      name, kind, year, plain: plain(name), folded: folded(name), isCode: /^\d+$/.test(name), isTold: name.endsWith(")"),
    })),
  }));

  // Finds hits for some words, the likeliest first, each with the name that matched, and the code if the match is
  // certain. A name spelt as typed precedes one that is equal only after folding; a name in the tables
  // precedes all others, and any other name that several municipalities share is never certain.
  const find = (words, entries) => {
    const strict = asked(plain, words);
    const loose = asked(folded, words);
    if (!loose) return { hits: [], sure: null };
    // A code that lost its leading zero in a spreadsheet.
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
