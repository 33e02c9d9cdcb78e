"use strict";
// What all pieces share. A piece is a function pieces.NAME(element, state) in NAME.js;
// nn_book.render.demos says how it comes to the page.
window.pieces = {
  language: document.documentElement.lang.slice(0, 2), // "zh" or "en"
  load: loadPieceFile, // another file of this folder, once; returns a promise
  // The address of a file of this folder.
  address: (name) => `${document.documentElement.dataset.content_root}_static/pieces/${name}`,

  // Put a piece in the place of its still picture, which comes back if that fails.
  async open(place) {
    const still = [...place.childNodes];
    place.ownPage = place.querySelector(".own-page a")?.href; // the piece on a page alone
    const piece = pieces[place.dataset.piece];
    const label = piece.words[pieces.language].title; // how a screen reader names it
    const box = pieces.make("div", { class: "piece-box", role: "group", "aria-label": label });
    place.replaceChildren(box);
    try {
      await piece(box, pieces.stateOf(place));
    } catch (error) {
      place.replaceChildren(...still);
      throw error;
    }
  },

  // What the page asks for; on the piece's own page the address comes first.
  stateOf(place) {
    const asked = "ownPage" in place.dataset ? location.hash.slice(1) : "";
    const source = asked.includes("=") ? asked : place.dataset.state;
    return Object.fromEntries(new URLSearchParams(source));
  },

  // Make an element: make("input", { type: "range", onclick: f }, child, "text").
  make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  },

  // Put values into a text: fill("z = {z}", { z: 1 }).
  fill: (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]),

  // Copy a text; pages that come without encryption have no clipboard but a selection.
  async copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = pieces.make("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  },

  // Call tell(true) when somebody can see the element and tell(false) when nobody can.
  whenSeen(element, tell) {
    let near = false, told = false;
    const update = () => {
      const seen = near && !document.hidden;
      if (seen !== told) tell((told = seen));
    };
    new IntersectionObserver((entries) => {
      near = entries.at(-1).isIntersecting;
      update();
    }).observe(element);
    document.addEventListener("visibilitychange", update);
  },

  // Call draw() now and whenever the page turns dark or light, or the element is resized.
  whenLookChanges(element, draw) {
    new ResizeObserver(draw).observe(element); // calls at once, too
    new MutationObserver(draw).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  },

  // Return a function that says a text to those who hear the page; the last one counts.
  voice(element) {
    const region = pieces.make("p", { class: "piece-voice", role: "status" });
    element.append(region);
    let waiting = 0;
    return (text) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { region.textContent = text; }, 300);
    };
  },
};
