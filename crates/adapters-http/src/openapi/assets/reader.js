// Shows the API's document as one page to read. Every text goes in as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Makes an element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Follows a `$ref` of the document. */
function resolved(api, value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((node, key) => node && node[key], api);
}

/** A schema in a few words: `string (date-time) or null`. */
function words(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const options = schema.oneOf || schema.anyOf || schema.allOf;
  if (options) return options.map(words).join(schema.allOf ? " and " : " or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.items) return `list of ${words(schema.items)}`;
  const type = [].concat(schema.type || "any").join(" or ");
  return schema.format ? `${type} (${schema.format})` : type;
}

function table(heads, rows) {
  const line = (cell, items) => make("tr", {}, ...items.map((item) => make(cell, {}, item)));
  return make("table", {}, make("thead", {}, line("th", heads)), make("tbody", {}, ...rows.map((row) => line("td", row))));
}

/** The properties of a schema, as a table. */
function properties(api, schema) {
  const object = resolved(api, schema && schema.items ? schema.items : schema);
  if (!object || !object.properties) return null;
  const required = new Set(object.required || []);
  return table(["Field", "Type", ""], Object.entries(object.properties).map(([name, property]) => [
    make("code", {}, name + (required.has(name) ? "" : "?")), words(property), property.description || "",
  ]));
}

/** A body: its type, its fields and an example. */
function body(api, content) {
  return Object.entries(content || {}).flatMap(([type, media]) => [
    make("p", {}, make("code", {}, type), " ", words(media.schema)),
    properties(api, media.schema),
    media.example === undefined ? null : make("pre", {}, JSON.stringify(media.example, null, 2)),
  ]);
}

function operation(api, path, method, details, anchor) {
  const parameters = (details.parameters || []).map((parameter) => resolved(api, parameter));
  const request = resolved(api, details.requestBody);
  const section = make("section", { id: anchor },
    make("h3", {}, make("span", { class: `method ${method}` }, method), " ", make("code", {}, path)),
    make("p", {}, details.summary || ""),
    details.description ? make("p", {}, details.description) : null,
    details.security ? make("p", {}, "Needs a token.") : null);
  if (parameters.length > 0) {
    section.append(make("h4", {}, "Parameters"), table(["Name", "In", "Type", ""], parameters.map((parameter) => [
      make("code", {}, parameter.name), parameter.in, words(parameter.schema), parameter.description || "",
    ])));
  }
  if (request) section.append(make("h4", {}, "Body"), ...body(api, request.content).filter(Boolean));
  for (const [status, reference] of Object.entries(details.responses || {})) {
    const response = resolved(api, reference);
    section.append(make("details", status < 300 ? { open: "" } : {},
      make("summary", {}, `${status} ${response.description || ""}`), ...body(api, response.content)));
  }
  return section;
}

function show(api) {
  const contents = document.getElementById("contents");
  const reference = document.getElementById("reference");
  const byTag = new Map();
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = (item[method].tags || ["Other"])[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push([path, method, item[method]]);
    }
  }
  reference.replaceChildren(make("h1", {}, `${api.info.title} ${api.info.version}`), make("p", {}, api.info.description || ""));
  for (const [tag, operations] of byTag) {
    contents.append(make("strong", {}, tag));
    reference.append(make("h2", {}, tag));
    for (const [path, method, details] of operations) {
      const anchor = details.operationId || `${method}${path}`;
      contents.append(make("a", { href: `#${anchor}` }, `${method.toUpperCase()} ${path}`));
      reference.append(operation(api, path, method, details, anchor));
    }
  }
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

fetch("/api/v1/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => document.getElementById("reference").replaceChildren(`The document could not be shown: ${error}`));
