// Reviewing with one key a pair: verdicts are marked here, and sent together when one records them.
"use strict";
(() => {
  const form = document.getElementById("review");
  if (!form) return;
  const pairs = [...form.querySelectorAll("[data-pair]")];
  const marked = document.getElementById("marked");
  const trail = [];
  let at = 0;

  document.querySelectorAll(".keys, .group-all").forEach((one) => { one.hidden = false; });
  const radio = (pair, value) => pair.querySelector(`input[value="${value}"]`);
  const said = (pair) => pair.querySelector("input[type=radio]:checked").value;

  function show(scroll) {
    pairs.forEach((pair, place) => {
      pair.classList.toggle("current", place === at);
      pair.classList.toggle("done", said(pair) !== "skip" && place !== at);
    });
    const many = pairs.filter((pair) => said(pair) !== "skip").length;
    marked.textContent = many ? `${many} marked` : "";
    if (scroll && pairs[at]) pairs[at].scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
  function say(value) {
    const pair = pairs[at];
    if (!pair) return;
    trail.push([at, said(pair)]);
    radio(pair, value).checked = true;
    if (at < pairs.length - 1) at += 1;
    show(true);
  }
  function undo() {
    const last = trail.pop();
    if (last) {
      at = last[0];
      radio(pairs[at], last[1]).checked = true;
      return show(true);
    }
    const recorded = document.getElementById("undo-last");
    if (recorded) recorded.requestSubmit();
  }
  async function effect(link) {
    const pair = link.closest("[data-pair]");
    const here = pair.querySelector(".effect");
    if (here) return here.remove();
    const place = document.createElement("div");
    place.className = "effect message";
    place.setAttribute("role", "status");
    place.textContent = "Working it out …";
    pair.append(place);
    const answer = await fetch(link.href + "&piece=yes");
    place.innerHTML = answer.ok ? await answer.text() : "This cannot be worked out just now.";
  }

  form.addEventListener("change", () => show(false));
  form.addEventListener("focusin", (event) => {
    const pair = event.target.closest("[data-pair]");
    if (pair) { at = pairs.indexOf(pair); show(false); }
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-effect]");
    if (link) { event.preventDefault(); effect(link); }
    const all = event.target.closest("[data-all]");
    if (all) {
      for (const pair of all.closest("[data-group]").querySelectorAll("[data-pair]")) {
        trail.push([pairs.indexOf(pair), said(pair)]);
        radio(pair, all.dataset.all).checked = true;
      }
      show(false);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input[type=search], textarea, select")) return;
    const keys = { s: () => say("same"), d: () => say("different"), k: () => say("skip"), u: undo, e: () => effect(pairs[at].querySelector("[data-effect]")) };
    if (event.key === "Enter" && !event.target.closest("a, button")) { event.preventDefault(); form.requestSubmit(); }
    else if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  show(false);
})();
