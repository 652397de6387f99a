// Shows openapi.json: every operation with its parameters, answers and a form to try it. No library, nothing fetched from elsewhere.
"use strict";
const prefix = document.body.dataset.prefix;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// What stands between backticks is code.
function written(text) {
  return text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part));
}

function field(parameter) {
  const schema = parameter.schema || {};
  const input = element("input", { name: parameter.name, "data-in": parameter.in });
  const example = (schema.examples || [])[0];
  if (example !== undefined && parameter.in === "path") input.value = example;
  if (schema.default !== undefined) input.placeholder = schema.default;
  const kind = schema.enum ? schema.enum.join(" | ") : schema.type || "";
  return element("tr", {},
    element("td", {}, element("code", {}, parameter.name)), element("td", {}, kind),
    element("td", {}, input), element("td", {}, ...written(parameter.description || "")));
}

function address(path, form) {
  const query = new URLSearchParams();
  let filled = path;
  for (const input of form.querySelectorAll("input[name]")) {
    if (input.dataset.in === "path") filled = filled.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(input.name, input.value);
  }
  const text = query.toString();
  return prefix + filled + (text ? "?" + text : "");
}

async function ask(method, path, form, shown) {
  const key = document.getElementById("key").value;
  const options = { method: method.toUpperCase(), headers: key ? { "X-API-Key": key } : {} };
  const body = form.querySelector("textarea");
  if (body) {
    options.body = body.value;
    options.headers["Content-Type"] = "application/json";
  }
  const url = address(path, form);
  shown.textContent = `${options.method} ${url}\n…`;
  const answer = await fetch(url, options);
  let text = await answer.text();
  try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
  shown.textContent = `${options.method} ${url}\n${answer.status} ${answer.statusText}\n\n${text.slice(0, 20000)}`;
}

function operation(method, path, described) {
  const form = element("form");
  const parameters = described.parameters || [];
  if (parameters.length) form.append(element("table", {}, ...parameters.map(field)));
  if (described.requestBody) form.append(element("textarea", { rows: 4, cols: 60 }, "{}"));
  const shown = element("pre", { class: "answer" });
  if (!path.endsWith("/stream")) form.append(element("button", {}, "Try"));
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(method, path, form, shown); });
  const answers = Object.entries(described.responses).map(([status, one]) => `${status} ${one.description}`).join(" · ");
  return element("details", {},
    element("summary", {}, element("b", {}, method.toUpperCase()), " ", element("code", {}, path), " ", described.summary || ""),
    element("p", {}, ...written(described.description || "")), element("p", { class: "quiet" }, answers), form, shown);
}

fetch(prefix + "/openapi.json").then((answer) => answer.json()).then((described) => {
  document.getElementById("about").replaceChildren(...written(described.info.description));
  const groups = new Map();
  for (const [path, methods] of Object.entries(described.paths))
    for (const [method, one] of Object.entries(methods)) {
      const tag = (one.tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(method, path, one));
    }
  const place = document.getElementById("operations");
  for (const [tag, some] of groups) place.append(element("h2", {}, tag), ...some);
});
