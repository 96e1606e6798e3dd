// An OpenID provider of somebody else's making, served on loopback: whoever signs in types a name and consents.
// Told by its one argument, a JSON of { issuer, port, clients, keys, people, seconds }.
import { createServer } from "node:http";

import Provider from "oidc-provider";

const { issuer, port, clients, keys, people, seconds } = JSON.parse(process.argv[2]);

const page = (title, body) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"></head><body><h1>${title}</h1>${body}</body></html>`;

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  claims: { openid: ["sub", "amr"], email: ["email", "email_verified"], acr: null, auth_time: null, iss: null, sid: null },
  cookies: { keys: ["only these tests ever use it"] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  ttl: { IdToken: seconds, AccessToken: 60, AuthorizationCode: 60, Grant: 600, Interaction: 600, Session: 600 },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = page("Sign out?", `${form}<button form="op.logoutForm" name="logout" value="yes">Sign me out</button>`);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page("Signed out", "");
      },
    },
  },
});

async function consent(details) {
  const grant = details.grantId
    ? await provider.Grant.find(details.grantId)
    : new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope("openid email");
  return { consent: { grantId: await grant.save() } };
}

async function typed(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString());
}

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  const asks = details.prompt.name;
  if (request.method === "POST") {
    const form = await typed(request);
    const result = asks === "login"
      ? { login: { accountId: form.get("name"), amr: ["pwd", "otp"], acr: "gold" } }
      : await consent(details);
    const refused = { error: "access_denied", error_description: "The person declined." };
    const end = form.get("answer") === "no" ? refused : result;
    return provider.interactionFinished(request, response, end, { mergeWithLastSubmission: true });
  }
  const field = asks === "login" ? '<label for="name">Name</label> <input id="name" name="name">' : "";
  const title = asks === "login" ? "Who are you?" : "Let Impartial know your address?";
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(page(title, `<form method="post">${field}<button name="answer" value="yes">Continue</button>
<button name="answer" value="no">Cancel</button></form>`));
}

const others = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return others(request, response);
  return interact(request, response).catch(() => {
    response.statusCode = 400;
    response.end();
  });
}).listen(port, "127.0.0.1", () => console.log("ready"));

process.stdin.on("end", () => process.exit()).resume(); // whoever started it is gone
