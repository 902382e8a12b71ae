// What do all pages do with their elements? They make some, and go from light to dark.

// An element with attributes and contents.
function element(name, attributes = {}, ...contents) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else made.setAttribute(key, value);
  }
  made.append(...contents.filter((part) => part !== null));
  return made;
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).colorScheme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
}

// Tells what keeps the page from being drawn, in its place.
function complain(error) {
  const problem = document.getElementById("problem");
  problem.textContent = `${error instanceof DataError ? "" : "The page has a mistake of its own: "}${error.message}.`;
  problem.hidden = false;
  document.querySelector("header").hidden = true;
  document.querySelector("main").hidden = true;
  if (!(error instanceof DataError)) throw error;
}
