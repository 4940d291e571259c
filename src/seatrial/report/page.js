"use strict";
// The legend turns into filters. Without this script it stays a list of links, and nothing is hidden.
const legend = document.querySelector(".legend");
const filtered = document.querySelectorAll("[data-filtered]");
let chosen = "";
function choose(standing) {
  chosen = standing === chosen ? "" : standing;
  for (const part of filtered) part.hidden = chosen !== "" && part.dataset.standing !== chosen;
  for (const button of legend.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === chosen));
}
for (const link of legend.querySelectorAll("a")) {
  const button = document.createElement("button");
  button.type = "button";
  button.value = link.dataset.standing;
  button.dataset.standing = link.dataset.standing;
  button.setAttribute("aria-pressed", "false");
  button.title = "Show only these; press again for all";
  button.append(...link.childNodes);
  button.addEventListener("click", () => choose(button.value));
  link.replaceWith(button);
}
// The picture of the fleet, by how accelerators stand or by who holds them.
for (const fleet of document.querySelectorAll(".fleet")) {
  const swap = document.createElement("button");
  const name = () => { swap.textContent = fleet.dataset.colour === "state" ? "Colour by who holds them" : "Colour by how they stand"; };
  swap.type = "button";
  swap.className = "swap";
  swap.addEventListener("click", () => { fleet.dataset.colour = fleet.dataset.colour === "state" ? "holder" : "state"; name(); });
  name();
  fleet.querySelector(".racks").before(swap);
}
document.documentElement.dataset.filters = "on";
