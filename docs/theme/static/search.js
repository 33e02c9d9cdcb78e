"use strict";
// The search: every part of the book (a section, a term, a message) gets points for
// where it has the words of the query. Fetched, with the texts, at the first search.

const search = { data: null };
const POINTS = { h1: 700, h2: 420, dt: 400, h3: 320, h4: 280, h5: 260, message: 60 };
const HAN = /[\u3400-\u9fff]+/g;
const plainOf = (text) => text.normalize("NFKC").toLowerCase();
const wordsOf = (text) => text.match(/[a-z0-9_\u00c0-\u024f]+/g) ?? [];
const stemOf = (word) =>
  word.length > 4 ? word.replace(/(ings?|ed|e?s|ization|ize[ds]?)$/, "") : word;
const escaped = (text) => text.replace(/[^\w\s\u3400-\u9fff]/g, "\\$&");

search.prepare = () => {
  search.parts = search.data.parts.map(([page, anchor, kind, title, text]) => {
    const [name, head] = search.data.pages[page];
    const [low, heading] = [plainOf(text), plainOf(title)];
    return { name, head, anchor, kind, title, text, low, heading, whole: `${heading} ${low}` };
  });
  search.words = new Map();
  for (const { whole } of search.parts)
    for (const word of wordsOf(whole)) search.words.set(word, (search.words.get(word) ?? 0) + 1);
};

// One letter more, less, other, or two exchanged.
function isNear(one, other) {
  if (Math.abs(one.length - other.length) > 1 || one === other) return one === other;
  let i = 0;
  while (one[i] === other[i]) i++;
  const rest = (a, b) => one.slice(i + a) === other.slice(i + b);
  return rest(1, 1) || rest(1, 0) || rest(0, 1)
    || (one[i] === other[i + 1] && one[i + 1] === other[i] && rest(2, 2));
}

function corrected(word) {
  const known = [...search.words.keys()];
  if (word.length < 4 || known.some((other) => other.startsWith(stemOf(word)))) return word;
  const near = known.filter((other) => isNear(word, other));
  return near.sort((a, b) => search.words.get(b) - search.words.get(a))[0] ?? word;
}

// What stands somewhere in the book and matches a pattern.
function found(pattern) {
  const any = new RegExp(pattern);
  return search.parts.map(({ whole }) => whole.match(any)?.[0]).find(Boolean);
}

// The terms of a query. A run of Chinese that stands nowhere may have one character
// wrong, or else is cut into pairs.
function termsOf(query) {
  const latin = wordsOf(query).filter((word) => word.length > 1).map(corrected);
  const runs = (query.match(HAN) ?? []).flatMap((run) => {
    if (run.length < 3 || found(run)) return [run];
    const oneOther = [...run].map((_, i) => run.slice(0, i) + "[\u3400-\u9fff]" + run.slice(i + 1));
    const near = run.length > 3 && found(oneOther.join("|"));
    return near ? [near] : Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2));
  });
  return [...new Set([...latin, ...runs])];
}

function patternOf(term) {
  const start = /^\w/.test(term) ? "(?<![a-z0-9])" : "";
  return start + escaped(stemOf(term));
}

function pointsOf(part, query, terms, patterns) {
  let points = 0, missing = 0;
  for (const pattern of patterns) {
    const inTitle = pattern.test(part.heading);
    const count = part.low.match(new RegExp(pattern, "g"))?.length ?? 0;
    if (inTitle) points += 40;
    points += Math.min(count, 6) * 2;
    if (!inTitle && !count) missing += pattern.test(plainOf(part.head)) ? 0.5 : 1;
  }
  if (missing > (terms.length > 4 ? terms.length * 0.3 : 0)) return 0;
  if (patterns.every((pattern) => pattern.test(part.heading))) {
    // The chapter "Regression: loss, gradient, training loop" is about regression.
    const [subject] = part.heading.split(/[:：]/);
    const isIt = part.kind === "h1" && patterns.every((pattern) => pattern.test(subject));
    const about = isIt ? subject : part.heading;
    const length = Math.min(terms.join(" ").length, about.length);
    const own = part.name.startsWith("pieces/") ? 0.6 : 1; // a chapter explains more
    points += own * POINTS[part.kind] * (0.4 + 0.6 * length / about.length);
  }
  if (part.heading.startsWith(terms.join(" "))) points += 100;
  if (query.length > 2 && part.low.includes(query)) points += 25;
  return points - missing * 10;
}

// A message is meant if the query has most of its words, or it has all of a long query.
function meant(query) {
  const asked = new Set(wordsOf(query));
  const shares = search.parts.filter(({ kind }) => kind === "message").map((part) => {
    const words = new Set(wordsOf(part.heading));
    const common = [...words].filter((word) => asked.has(word)).length;
    const whole = asked.size > 3 && common === asked.size ? 0.99 : 0;
    return [part, Math.max(common / words.size, whole)];
  });
  const best = Math.max(0.7, ...shares.map(([, share]) => share));
  return new Set(shares.filter(([, share]) => share === best).map(([part]) => part));
}

search.find = (asked) => {
  const query = plainOf(asked).trim().replace(/\s+/g, " ");
  const queries = [query];
  for (const [said, ours] of Object.entries(search.data.synonyms))
    if (query.includes(said) && !(ours.includes(said) && query.includes(ours))) queries.push(query.replace(said, ours));
  const points = new Map();
  for (const one of queries) {
    const terms = termsOf(one);
    const patterns = terms.map((term) => new RegExp(patternOf(term)));
    if (!terms.length) continue;
    for (const part of search.parts) {
      const got = pointsOf(part, one, terms, patterns);
      if (got > (points.get(part)?.got ?? 0)) points.set(part, { got, terms });
    }
  }
  for (const part of meant(query)) points.set(part, { got: 5000, terms: [] });
  const places = new Set(); // a message leads to a section: one result for both
  return [...points].sort(([, a], [, b]) => b.got - a.got)
    .map(([part, { terms }]) => ({ ...part, terms }))
    .filter(({ name, anchor }) => !places.has(name + anchor) && places.add(name + anchor));
};

// -- What the reader sees -----------------------------------------------------------

function marked(element, text, terms) {
  const pattern = new RegExp(`(${terms.map(patternOf).join("|") || "$^"})`, "gi");
  element.append(...text.split(pattern).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const mark = document.createElement("mark");
    mark.textContent = piece;
    return mark;
  }));
  return element;
}

function show(form, limit) {
  const query = form.elements.q.value.trim();
  const [said, list] = [form.nextElementSibling, form.nextElementSibling.nextElementSibling];
  const results = query ? search.find(query) : [];
  said.textContent = !query ? "" : results.length
    ? form.dataset.found.replace("%s", results.length)
    : form.dataset.none.replace("%s", query);
  list.replaceChildren(...results.slice(0, limit).map((part) => {
    const [item, link, page] = ["li", "a", "span"].map((tag) => document.createElement(tag));
    const words = part.terms.map((term) => stemOf(term)).join(" ");
    const highlight = words ? `?highlight=${encodeURIComponent(words)}` : "";
    link.href = `${document.documentElement.dataset.content_root}${part.name}.html${highlight}#${part.anchor}`;
    link.append(marked(document.createElement("b"), part.title, part.terms));
    if (part.title !== part.head) page.textContent = ` · ${part.head}`;
    link.append(page);
    const at = Math.max(0, ...part.terms.slice(0, 1).map((t) => part.low.search(new RegExp(patternOf(t)))));
    const from = Math.max(0, at - 40);
    let context = part.text.slice(from, from + 150); // from a whole word to a whole word
    if (from) context = `…${context.replace(/^\w+/, "")}`;
    if (from + 150 < part.text.length) context = `${context.replace(/\w+$/, "")}…`;
    if (part.text) link.append(marked(document.createElement("p"), context, part.terms));
    item.append(link);
    return item;
  }));
}

function start() {
  search.prepare();
  for (const form of document.querySelectorAll("form.bd-search")) {
    const limit = form.closest("dialog") ? 12 : 60;
    const input = form.elements.q;
    if (limit === 60) {
      input.value ||= new URLSearchParams(location.search).get("q") ?? "";
      input.focus();
    }
    input.addEventListener("input", () => show(form, limit));
    // Up and down walk through the results.
    form.parentElement.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const links = [...form.parentElement.querySelectorAll(".search-results a")];
      if (!step || !links.length) return;
      event.preventDefault();
      (links[links.indexOf(document.activeElement) + step] ?? input).focus();
    });
    show(form, limit);
  }
}

load("search-data.js").then(start);
