// The copy box: tabs as the ARIA patterns describe them, and buttons that copy what stands beside them.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const TOLD_MS = 1600;

function select(tabs, chosen) {
  for (const tab of tabs) {
    const selected = tab === chosen;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !selected;
  }
}

export function makeTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  for (const tab of tabs) tab.addEventListener("click", () => select(tabs, tab));
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(event.target);
    const next = { Home: 0, End: tabs.length - 1 }[event.key] ?? (event.key in STEPS ? at + STEPS[event.key] : undefined);
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const tab = tabs.at(next % tabs.length);
    select(tabs, tab);
    tab.focus();
  });
}

// Without a secure context there is no clipboard: the text is selected, and the user copies it.
async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
  }
}

export function makeCopyButtons(root, status) {
  for (const button of root.querySelectorAll("[data-copies]")) {
    const element = document.getElementById(button.dataset.copies);
    const said = button.textContent;
    button.addEventListener("click", async () => {
      button.textContent = status.textContent = await copy(element.textContent, element);
      setTimeout(() => {
        button.textContent = said;
        status.textContent = "";
      }, TOLD_MS);
    });
  }
}
