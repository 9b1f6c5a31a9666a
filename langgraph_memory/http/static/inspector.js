// Keys: "/" goes to the search field, "j" and "k" from row to row, Enter opens the row. All of it works without.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const here = rows.findIndex((row) => row.classList.contains("is-here"));
  const search = document.querySelector("[data-search]");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  } else if ((event.key === "j" || event.key === "k") && rows.length) {
    const next = Math.min(rows.length - 1, Math.max(0, here + (event.key === "j" ? 1 : -1)));
    rows.forEach((row, number) => row.classList.toggle("is-here", number === next));
    rows[next].querySelector("a")?.focus();
  }
});
