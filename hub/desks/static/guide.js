/* Comfort for filling in: choosing an answer saves the page and brings the questions that follow from it; leaving a page
   by a link saves what was typed. Without this file the page's own buttons do the same. */
"use strict";

(() => {
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const region = form.querySelector("[data-questions]");
  let typed = false;
  let going = false;
  let busy = false;
  let again = false;

  const fields = () => {
    const data = new FormData(form);
    for (const [name, value] of Array.from(data)) if (value instanceof File) data.delete(name);
    for (const name of ["scan", "take_scan"]) data.delete(name);
    data.set("go", "stay");
    return data;
  };

  /* What was typed while the answer was on its way is newer than the answer; a chosen photo stays chosen. */
  const keep = (fresh, sent) => {
    region.querySelectorAll("input, select, textarea").forEach((old) => {
      const twin = old.id && fresh.querySelector(`[id="${CSS.escape(old.id)}"]`);
      if (!twin) return;
      if (old.type === "file") {
        if (!old.files.length) return;
        const shown = old.nextElementSibling;
        twin.replaceWith(old);
        if (shown && shown.className === "file-shown") old.after(shown);
      } else if (old.type === "radio" || old.type === "checkbox") {
        if (sent.getAll(old.name).includes(old.value) !== old.checked) twin.checked = old.checked;
      } else if (old.type !== "hidden" && old.value !== (sent.get(old.name) ?? "")) twin.value = old.value;
    });
  };

  const settle = async () => {
    if (going) return;
    if (busy) { again = true; return; }
    busy = true;
    const sent = fields();
    try {
      const answer = await fetch(form.action, { method: "POST", body: sent, credentials: "same-origin", headers: { Accept: "text/html" } });
      if (going) return;
      if (answer.redirected) { typed = false; window.location.assign(answer.url); return; }
      if (!answer.ok && answer.status !== 422) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-questions]");
      if (!fresh || going) return;
      const held = region.contains(document.activeElement) ? document.activeElement : null;
      const range = held && held.selectionStart != null ? [held.selectionStart, held.selectionEnd] : null;
      keep(fresh, sent);
      region.replaceChildren(...Array.from(fresh.childNodes));
      const back = held && held.id && document.getElementById(held.id);
      if (back) {
        back.focus({ preventScroll: true });
        if (range) try { back.setSelectionRange(...range); } catch { /* not every kind of field has a caret */ }
      }
      const contents = page.querySelector(".contents ol");
      const here = form.querySelector(".contents ol");
      if (contents && here) here.replaceChildren(...Array.from(contents.childNodes));
      if (!again) typed = false;
    } catch { /* the page's own buttons still save */ } finally {
      busy = false;
      if (waiting) { again = false; send(); } else if (again) { again = false; settle(); }
    }
  };

  form.addEventListener("input", () => { typed = true; });
  form.addEventListener("change", (event) => {
    if (region.contains(event.target) && event.target.matches("select, input[type=radio], input[type=checkbox]")) settle();
  });
  /* A page sent while an answer is on its way would carry an old version: it waits for the answer. */
  let waiting = null;
  form.addEventListener("submit", (event) => {
    if (!busy) { going = true; return; }
    event.preventDefault();
    event.stopPropagation();
    waiting = { name: event.submitter?.name, value: event.submitter?.value };
  });
  const send = () => {
    const pressed = waiting;
    waiting = null;
    const button = pressed.name && Array.from(form.querySelectorAll("button")).find((one) => one.name === pressed.name && one.value === pressed.value);
    form.requestSubmit(button || undefined);
  };
  window.addEventListener("pageshow", () => { going = false; });
  window.addEventListener("pagehide", () => {
    if (typed && !going) navigator.sendBeacon(form.action, fields());
  });
})();
