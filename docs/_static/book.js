"use strict";
// What a page can do besides being read. Without this script everything is readable.

// A browser may refuse its storage (private windows, files on disk).
function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* then only for this page */ }
}

// -- Theme: the reader's choice, or else the system's ------------------------------
const root = document.documentElement;
const themeButton = document.querySelector("button.theme");
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches;
}
function showTheme() {
  themeButton.setAttribute("aria-pressed", isDark());
}
themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  remember("theme", root.dataset.theme);
  showTheme();
});
systemIsDark.addEventListener("change", showTheme);
themeButton.hidden = false;
showTheme();

// -- Language: the same place of the same page, and the choice is kept -------------
document.querySelector("a.language").addEventListener("click", (event) => {
  const link = event.currentTarget;
  link.search = location.search;
  link.hash = location.hash;
  remember("language", link.dataset.language);
});

// -- Code: copy what one would type, without prompts and answers -------------------
for (const block of document.querySelectorAll("main .highlight")) {
  if (block.closest(".cell_output")) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = document.body.dataset.copy;
  button.addEventListener("click", async () => {
    await copyText(typed(block.querySelector("pre")));
    button.textContent = document.body.dataset.copied;
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = document.body.dataset.copy;
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

// -- Boxes that scroll can be reached and moved with the keyboard ------------------
const boxes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls =
      target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
    if (scrolls) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const box of document.querySelectorAll("pre, .scroll, .formula"))
  boxes.observe(box);

// -- Pieces to play with: loaded when the reader comes near -------------------------
const pieceFiles = new Map();

function loadPieceFile(name) {
  if (!pieceFiles.has(name))
    pieceFiles.set(name, new Promise((done, fail) => {
      const style = name.endsWith(".css");
      const element = document.createElement(style ? "link" : "script");
      element.onload = done;
      element.onerror = () => {
        pieceFiles.delete(name); // the next one who asks tries again
        fail(new Error(`cannot load ${name}`));
      };
      if (style) element.rel = "stylesheet";
      element[style ? "href" : "src"] = `${root.dataset.content_root}_static/pieces/${name}`;
      document.head.append(element);
    }));
  return pieceFiles.get(name);
}

const nearby = new IntersectionObserver(async (entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    nearby.unobserve(target);
    const name = target.dataset.piece;
    await Promise.all(["pieces.css", "piece.js"].map(loadPieceFile));
    await loadPieceFile(`${name}.js`);
    await pieces.open(target);
  }
}, { rootMargin: "400px" });
for (const piece of document.querySelectorAll("[data-piece]")) nearby.observe(piece);
