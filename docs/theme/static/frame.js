"use strict";
// What the book adds to the theme's scripts. Without any script a page can be read.

const root = document.documentElement;
const $ = (selector) => document.querySelector(selector);
const all = (selector) => document.querySelectorAll(selector);

// -- Files that not every reader needs; a promise for each -------------------------
const loads = new Map();

function load(name) {
  if (!loads.has(name))
    loads.set(name, new Promise((done, fail) => {
      const style = name.endsWith(".css");
      const element = document.createElement(style ? "link" : "script");
      element.onload = done;
      element.onerror = () => {
        loads.delete(name); // the next one who asks tries again
        fail(new Error(`cannot load ${name}`));
      };
      if (style) element.rel = "stylesheet";
      element[style ? "href" : "src"] = `${root.dataset.content_root}_static/${name}`;
      document.head.append(element);
    }));
  return loads.get(name);
}
const loadPieceFile = (name) => load(`pieces/${name}`);

// -- A chapter was split: old links to its sections lead to the page they are on now ---
const { movedSections } = document.body.dataset;
if (movedSections && location.hash && !document.getElementById(location.hash.slice(1)))
  location.replace(movedSections + location.hash);

// -- Language: the same place of the same page, and the choice is kept -------------
// The place is in the address until the reader moves on; then it is the last label above
// what the reader sees.
let moved = false;
for (const sign of ["wheel", "touchmove"])
  addEventListener(sign, () => { moved = true; }, { passive: true });
addEventListener("keydown", ({ key }) => { moved ||= /^(Arrow|Page|Home|End| )/.test(key); });
addEventListener("hashchange", () => { moved = false; });
function placeOf() {
  if (scrollY < 200 || (location.hash && !moved)) return location.hash;
  const above = [...all(".bd-article section[id], .bd-article dt[id]")]
    .filter((part) => part.getBoundingClientRect().top < 140);
  return above.length ? `#${above.at(-1).id}` : location.hash;
}
$("a.language").addEventListener("click", (event) => {
  const link = event.currentTarget;
  link.search = location.search;
  link.hash = placeOf();
  localStorage.setItem("language", link.dataset.language);
});

// -- The bar: fullscreen, and which color mode is on --------------------------------
$(".fullscreen").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen();
});
function showMode() {
  for (const button of all(".theme-change-button"))
    button.setAttribute("aria-pressed", button.dataset.mode === root.dataset.mode);
}
new MutationObserver(showMode).observe(root, { attributeFilter: ["data-mode"] });
showMode();

// -- The menus of a phone close when the reader has chosen a place --------------------
for (const menu of all("dialog")) {
  menu.addEventListener("click", ({ target }) => target.closest("a") && menu.close());
  // The keyboard goes on where the menu was opened.
  const opener = menu.id.includes("secondary") ? "button.secondary-toggle" : "button.primary-toggle";
  menu.addEventListener("close", () => setTimeout(() => $(opener)?.focus()));
}

// The contents of a long page follow the mark of the theme.
new MutationObserver(() => {
  const [box, link] = [$(".bd-sidebar-secondary"), $(".page-toc a.active")];
  if (link) box.scrollTop = link.offsetTop - box.clientHeight / 2;
}).observe($(".bd-sidebar-secondary") ?? root, { subtree: true, attributeFilter: ["aria-current"] });

// -- Search: its script and the texts come when the reader begins to search ----------
addEventListener("focusin", ({ target }) => {
  if (target.matches(".bd-search input")) load("search.js");
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  $(".search-button__button").click();
});
if (new URLSearchParams(location.search).has("q")) load("search.js");
const sought = new URLSearchParams(location.search).get("highlight");
if (sought && CSS.highlights) {
  const words = sought.split(" ").filter(Boolean).map((w) => w.replace(/[^\w\s]/g, "\\$&"));
  const pattern = new RegExp(words.join("|"), "gi");
  const ranges = [];
  const texts = document.createTreeWalker($(".bd-article"), NodeFilter.SHOW_TEXT);
  while (words.length && texts.nextNode())
    for (const { index, 0: { length } } of texts.currentNode.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(texts.currentNode, index);
      range.setEnd(texts.currentNode, index + length);
      ranges.push(range);
    }
  CSS.highlights.set("search", new Highlight(...ranges));
}

// -- Code: copy what one would type, without prompts and answers ---------------------
let number = 0;
for (const block of all(".bd-article .highlight")) {
  if (block.closest(".cell_output")) continue;
  const { copy, copied } = document.body.dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = copy;
  button.ariaLabel = `${copy} ${++number}`; // so that each has a name of its own
  button.addEventListener("click", async () => {
    await copyText(typed(block.querySelector("pre")));
    button.textContent = copied;
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = copy;
      button.classList.remove("done");
    }, 1500);
  });
  block.append(button);
}

function typed(pre) {
  const code = pre.cloneNode(true);
  for (const prompt of code.querySelectorAll(".gp, .linenos")) prompt.remove();
  for (const answer of code.querySelectorAll(".go")) answer.textContent = "\0";
  return code.textContent.replace(/\0\n?/g, "");
}

async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Pages that come without encryption have no clipboard but this one.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// -- Figures can be opened large, for text that a phone makes small -------------------
for (const figure of all(".bd-article figure:not(#fig-front):has(img, .nn-film)")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "zoom";
  button.textContent = "⤢";
  button.ariaLabel = `${document.body.dataset.enlarge} ${++number}`;
  button.addEventListener("click", () => {
    const dialog = document.createElement("dialog");
    const close = document.createElement("button");
    dialog.className = "large";
    close.textContent = document.body.dataset.close;
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    const seen = [...figure.querySelectorAll("img, .nn-film svg")].filter((image) => image.checkVisibility());
    dialog.append(close, ...seen.map((image) => image.cloneNode(true)));
    document.body.append(dialog);
    dialog.showModal();
  });
  figure.append(button);
}

// -- The picture of the front page moves once, when it is seen and motion is welcome ------
const seen = new IntersectionObserver(([{ isIntersecting, target }]) => {
  if (!isIntersecting) return;
  seen.disconnect();
  target.querySelector(".nn-film-play").click();
}, { threshold: 0.8 });
const moving = $("#fig-front .nn-film");
if (moving && !matchMedia("(prefers-reduced-motion: reduce)").matches) seen.observe(moving);

// -- Formulas that scroll can be reached with the keyboard (the theme sees to code) ----
const boxes = new ResizeObserver((entries) => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight)
      target.tabIndex = 0;
    else target.removeAttribute("tabindex");
});
for (const box of all("pre, .formula, .pst-scrollable-table-container")) boxes.observe(box);

// -- Pieces to play with: loaded when the reader comes near ---------------------------
const nearby = new IntersectionObserver(async (entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    nearby.unobserve(target);
    await Promise.all(["pieces.css", "piece.js"].map(loadPieceFile));
    await loadPieceFile(`${target.dataset.piece}.js`);
    await pieces.open(target);
  }
}, { rootMargin: "400px" });
for (const piece of all("[data-piece]")) nearby.observe(piece);
