// What the pages do beside showing: they ask the API, and show what changed. Text of others is never read as markup
// here: a page is fetched again as the server wrote it, and what is said is set as text.
"use strict";

const said = document.getElementById("said");

function say(text) {
  said.textContent = text;
  said.hidden = !text;
}

async function ask(method, path, body, type) {
  const answer = await fetch("/api/v1/" + path, {
    method, body, headers: type ? { "Content-Type": type } : {},
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
    throw new Error(problem.detail);
  }
  return answer;
}

// Buttons and forms: while one is at work it cannot be pressed again.
async function work(button, action) {
  button.disabled = true;
  say("");
  try {
    await action();
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
}

async function renew() {
  const live = document.getElementById("live");
  const answer = await fetch(location.href);
  if (!live || !answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById("live");
  // Not under somebody's fingers, nor what they have ticked.
  if (now && !live.contains(document.activeElement) && !live.querySelector("input:checked")) live.replaceWith(document.adoptNode(now));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-ask]");
  if (!button) return;
  const study = button.parentElement.dataset.study;
  work(button, async () => {
    await ask("POST", `studies/${encodeURIComponent(study)}/${button.dataset.ask}`);
    button.blur();
    await renew();
  });
});

document.querySelector("[data-log-out]")?.addEventListener("click", (event) => work(event.target, async () => {
  await ask("DELETE", "me/sessions");
  location.href = "/";
}));

document.getElementById("answers")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  work(form.querySelector("button"), async () => {
    say("asking the model …");
    const path = `studies/${encodeURIComponent(form.dataset.study)}/predictions`;
    const answer = await ask("POST", path, form.elements.rows.files[0], "text/csv");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `${form.dataset.study}-answers.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
    say("");
  });
});

for (const form of document.querySelectorAll("form[data-conclude]")) form.addEventListener("submit", (event) => {
  event.preventDefault();
  work(form.querySelector("button"), async () => {
    const given = {};
    for (const field of form.querySelectorAll("input")) given[field.name] = field.type === "checkbox" ? field.checked : Number(field.value);
    const path = `studies/${encodeURIComponent(form.dataset.study)}/${form.dataset.conclude}`;
    const row = await (await ask("POST", path, JSON.stringify(given), "application/json")).json();
    say(`${row.study} is ${row.state}`);
    await renew();
  });
});

document.getElementById("new")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target, of = (name) => form.elements[name].value.trim();
  work(form.querySelector("button"), async () => {
    let settings = {};
    try {
      settings = JSON.parse(of("settings") || "{}");
    } catch (error) {
      throw new Error(`further settings: ${error.message}`);
    }
    for (const name of ["data", "target", "timeout", "metric", "space"]) if (of(name)) settings[name] = of(name);
    for (const name of ["trials", "workers"]) if (of(name)) settings[name] = Number(of(name));
    const file = form.elements.file.files[0];
    if (!settings.data && file) {
      say("sending the file …");
      settings.data = (await (await ask("POST", "uploads", file)).json()).data;
    }
    const given = { study: of("study"), settings, priority: Number(of("priority")), note: of("note") };
    await ask("POST", "studies", JSON.stringify(given), "application/json");
    location.href = `/studies/${encodeURIComponent(given.study)}`;
  });
});

const every = document.getElementById("live")?.dataset.every;
if (every) setInterval(() => document.hidden || renew().catch(() => {}), 1000 * every);
