// Small comforts; every page works without them.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const say = (button, words) => {
    const before = button.innerHTML;
    button.textContent = words;
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.innerHTML = before; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-print]");
    if (!button) return;
    if ("print" in button.dataset) return window.print();
    navigator.clipboard?.writeText(button.dataset.copy).then(() => say(button, button.dataset.copied), () => {});
  });

  // A press that comes twice is one step.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 3000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // What has to be mended is read out first.
  const lead = () => document.querySelector(".govuk-error-summary")?.focus();
  lead();
  document.addEventListener("htmx:after:swap", lead);
})();
