// What scripts add to every page: results as one types, "/" for the search box. Without scripts the forms do the same.
"use strict";
(() => {
  const prefix = document.body.dataset.prefix;
  const PAUSE = 90; // ms after the last key

  function suggest(input) {
    const box = document.createElement("div");
    box.className = "suggestions";
    box.id = input.id + "-results";
    box.hidden = true;
    input.closest("form").append(box);
    const live = document.createElement("span");
    live.className = "hidden";
    live.setAttribute("role", "status");
    input.closest("form").append(live);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false" }))
      input.setAttribute(name, value);
    let timer = 0, running = null, shown = "";

    const options = () => [...box.querySelectorAll("[role=option]")];
    const chosen = () => options().findIndex((one) => one.getAttribute("aria-selected") === "true");

    function close() {
      box.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      input.removeAttribute("aria-controls");
    }
    function choose(at) {
      const all = options();
      all.forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
      if (at < 0 || !all[at]) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", all[at].id);
      all[at].scrollIntoView({ block: "nearest" });
    }
    async function ask() {
      const text = input.value;
      if (running) running.abort();
      if (!text.trim()) { shown = ""; return close(); }
      if (text === shown && !box.hidden) return;
      running = new AbortController();
      try {
        const answer = await fetch(`${prefix}/suggest?query=${encodeURIComponent(text.slice(0, 200))}`, { signal: running.signal });
        if (!answer.ok || input.value !== text) return;
        box.innerHTML = await answer.text();
      } catch { return; /* a later key cancelled it */ }
      shown = text;
      options().forEach((one, place) => { one.id = `${box.id}-${place}`; });
      const many = options().length;
      live.textContent = many ? `${many} suggestions; arrow keys choose one` : "no suggestions";
      box.hidden = !many;
      input.setAttribute("aria-expanded", String(Boolean(many)));
      if (many) {
        box.firstElementChild.id = box.id + "-list";
        input.setAttribute("aria-controls", box.id + "-list");
      }
    }
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); });
    input.addEventListener("focus", () => { if (input.value && !shown) return; if (shown === input.value && options().length) { box.hidden = false; input.setAttribute("aria-expanded", "true"); } });
    input.addEventListener("blur", () => setTimeout(() => { if (!box.contains(document.activeElement)) close(); }, 150));
    input.addEventListener("keydown", (event) => {
      const all = options(), at = chosen();
      if (event.key === "Escape" && !box.hidden) { event.preventDefault(); close(); }
      else if (event.key === "ArrowDown" && all.length) { event.preventDefault(); box.hidden = false; choose(at + 1 < all.length ? at + 1 : 0); }
      else if (event.key === "ArrowUp" && all.length) { event.preventDefault(); choose(at > 0 ? at - 1 : all.length - 1); }
      else if (event.key === "Enter" && !box.hidden && all[at]) { event.preventDefault(); location.assign(all[at].href); }
    });
  }
  document.querySelectorAll("input[data-suggest]").forEach(suggest);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const input = document.querySelector("input[data-suggest]");
    if (input) { event.preventDefault(); input.focus(); input.select(); }
  });

  // "Open all" buttons of a page's facts.
  document.querySelectorAll("button[data-open]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const all = document.querySelectorAll(`${button.dataset.open} details`);
      const open = ![...all].every((one) => one.open);
      all.forEach((one) => { one.open = open; });
      button.textContent = open ? "Close all" : "Open all";
    });
  });
  // A link to a fact opens it.
  const aim = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", aim);
  aim();
  // A form with data-auto is sent as soon as one of its fields changes.
  document.querySelectorAll("form[data-auto]").forEach((form) => {
    form.addEventListener("change", (event) => { if (event.target.matches("select, input[type=checkbox]")) form.requestSubmit(); });
  });
})();
