// Runs before optuna-dashboard's own script, for the pages of large studies (large.py).
//
// Which trials such a page shows is settled when it opens: the answer's header says so, and goes along with each later
// question, for optuna-dashboard counts only how many trials it has. Trials that the address names are always shown.
// And the first question is asked while the browser still reads that script.
"use strict";
{
  const ask = window.fetch.bind(window);
  const shown = new Map();

  const detail = async (study, after) => {
    const named = new URLSearchParams(location.search).get("numbers") ?? "";
    const excerpt = after === "0" ? named : (shown.get(study) ?? "");
    const reply = await ask(`/api/studies/${study}?after=${after}&shown=${encodeURIComponent(excerpt)}`);
    if (reply.ok) shown.set(study, reply.headers.get("Perceptuna-Shown"));
    return reply;
  };

  const [, opened] = /^\/dashboard\/studies\/(\d+)/.exec(location.pathname) ?? [];
  let first = opened && detail(opened, "0");
  first?.catch(() => {}); // told to whoever takes it

  window.fetch = (address, options) => {
    const [, study, after] = /^\/api\/studies\/(\d+)\?after=(\d+)$/.exec(address) ?? [];
    if (study === undefined) return ask(address, options);
    const early = study === opened && after === "0" ? first : undefined;
    first = undefined;
    return early ?? detail(study, after);
  };
}
