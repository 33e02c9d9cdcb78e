/* Before the first paint: the reader's color mode. A browser may refuse its storage,
   and it may be full: then nothing is kept. */
try { localStorage.length; } catch {
  const none = { getItem: () => null, setItem() {}, removeItem() {} };
  Object.defineProperty(window, "localStorage", { value: none });
  Object.defineProperty(window, "sessionStorage", { value: none });
}
{
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (...pair) {
    try { setItem.apply(this, pair); } catch { /* full */ }
  };
}
{
  const { dataset } = document.documentElement;
  dataset.mode = localStorage.getItem("mode") ?? "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  dataset.theme = dataset.mode === "auto" ? dark : dataset.mode;
  /* What the theme's script asks of Sphinx's. */
  window.DOCUMENTATION_OPTIONS = {};
}
