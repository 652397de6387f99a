// Puts a chart whose values can be pointed at in place of the picture of it. The library comes from this server; expressions
// are interpreted, not compiled, so that the page's policy against code from text holds.
"use strict";
(() => {
  const place = document.querySelector("[data-chart]");
  if (!place) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const prefix = document.body.dataset.prefix;

  function load(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
  }
  async function draw() {
    const address = new URL(place.dataset.chart, location.href);
    address.searchParams.set("theme", dark.matches ? "dark" : "light");
    const [answer] = await Promise.all([fetch(address), window.vegaEmbed || load(`${prefix}/explore/vega.js`)]);
    if (!answer.ok) return;
    const spec = await answer.json();
    const small = place.clientWidth < 560;
    spec.width = Math.max(place.clientWidth - (small ? 190 : 320), 90);
    spec.padding = small ? 4 : 16;
    if (small) { // the words around the chart say the same
      delete spec.title;
      if (spec.encoding.y.axis) Object.assign(spec.encoding.y.axis, { labelLimit: 96 });
      if (spec.encoding.color) Object.assign(spec.encoding.color, { legend: { orient: "bottom", columns: 2, labelLimit: 110 } });
      if (spec.encoding.color) spec.width = Math.max(place.clientWidth - 90, 90);
    }
    const drawn = document.createElement("div");
    drawn.className = "drawn-here";
    const options = { actions: false, renderer: "svg", ast: true, defaultStyle: false, tooltip: { disableDefaultStyle: true, theme: "custom" } };
    await window.vegaEmbed(drawn, spec, options);
    place.replaceChildren(drawn);
    place.dataset.drawn = "yes";
  }
  draw().catch(() => { /* the picture stays */ });
  dark.addEventListener("change", () => draw().catch(() => {}));
})();
