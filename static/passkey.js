// Passkeys: asks the browser for one and sends its answer with the form. The only part that needs a script.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (known) => (known || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const asked = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    excludeCredentials: named(options.excludeCredentials),
    allowCredentials: named(options.allowCredentials),
  });
  const answered = (key) => JSON.stringify({
    id: key.id,
    rawId: text(key.rawId),
    type: key.type,
    clientExtensionResults: {},
    response: Object.fromEntries(
      ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]
        .filter((part) => key.response[part])
        .map((part) => [part, text(key.response[part])]),
    ),
  });

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = form.querySelector("[data-failed]");
      said.textContent = "";
      try {
        const publicKey = asked(JSON.parse(form.dataset.options));
        form.elements.answer.value = answered(await navigator.credentials[form.dataset.passkey]({ publicKey }));
        form.submit();
      } catch {
        said.textContent = said.dataset.failed;
      }
    });
  }
})();
