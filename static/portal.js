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
  // A long upload shows how far it is; where the answer is not a part of this page, the form goes the plain way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.dataset.progress) return;
    event.preventDefault();
    const button = event.submitter;
    const chosen = form.querySelector("input[type=file]").files;
    const bar = document.createElement("progress");
    const sent = new XMLHttpRequest();
    const plainly = () => { bar.remove(); button.disabled = false; form.submit(); };
    bar.max = 1;
    bar.setAttribute("aria-label", form.dataset.progress);
    sent.upload.addEventListener("progress", (moved) => { if (moved.lengthComputable) bar.value = moved.loaded / moved.total; });
    sent.upload.addEventListener("load", () => bar.removeAttribute("value"));
    sent.addEventListener("error", plainly);
    sent.addEventListener("load", () => {
      const onward = sent.getResponseHeader("HX-Redirect");
      if (onward) return location.assign(onward);
      if (sent.status !== 200 && sent.status !== 422) return plainly();
      form.parentElement.outerHTML = sent.response;
      const again = document.querySelector("[data-keeps-files] input[type=file]");
      if (again) again.files = chosen;
      lead();
    });
    sent.open("POST", form.action);
    sent.setRequestHeader("HX-Request", "true");
    sent.send(new FormData(form, button));
    button.disabled = true;
    button.after(bar);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // What has to be mended is read out first.
  const lead = () => document.querySelector(".govuk-error-summary")?.focus();
  lead();
  document.addEventListener("htmx:after:swap", lead);
})();
