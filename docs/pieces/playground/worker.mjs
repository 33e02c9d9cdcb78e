// The training in a thread of its own: the page stays free to draw.
import { compiledKernels } from "./compiled.mjs";
import { server } from "./serve.mjs";

const serve = server(compiledKernels);
addEventListener("message", ({ data }) => {
  const answer = serve(data.request);
  postMessage({ number: data.number, answer });
});
