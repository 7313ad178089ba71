/* Comfort for filling in: choosing an answer saves the page and brings the questions that follow from it; leaving a page
   by a link saves what was typed. Without this file the page's own buttons do the same. */
"use strict";

/* The time page: this telephone's own clock, as the village's time, into the two fields; a person still says yes. */
document.querySelectorAll("[data-own-clock]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => {
    const [day, hour] = [document.querySelector("[name=day]"), document.querySelector("[name=hour]")];
    const here = new Date(Date.now() + 7 * 3600 * 1000).toISOString();
    day.value = `${here.slice(8, 10)}/${here.slice(5, 7)}/${here.slice(0, 4)}`;
    hour.value = here.slice(11, 16);
    hour.focus();
  });
});

(() => {
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const region = form.querySelector("[data-questions]");
  let typed = false;
  let going = false;
  let busy = false;
  let again = false;
  let later = null;

  /* Who chose with the keyboard is not taken on to the next page: arrow keys choose on their way through. */
  let touched = 0;
  document.addEventListener("pointerdown", () => { touched = Date.now(); }, true);

  const fields = (button) => {
    const data = new FormData(form);
    for (const [name, value] of Array.from(data)) if (value instanceof File) data.delete(name);
    for (const name of ["scan", "take_scan"]) data.delete(name);
    data.set("go", "stay");
    if (button) data.set(button.name, button.value);
    return data;
  };

  /* What was typed while the answer was on its way is newer than the answer; a chosen photo stays chosen. */
  const keep = (fresh, sent) => {
    region.querySelectorAll("input, select, textarea").forEach((old) => {
      const twin = old.id && fresh.querySelector(`[id="${CSS.escape(old.id)}"]`);
      if (!twin) return;
      if (old.type === "file") {
        /* Kept also while still empty: the camera may be open, and its photo comes to this very field. */
        const shown = old.nextElementSibling;
        twin.replaceWith(old);
        if (old.pad) old.before(...old.pad);
        if (shown && shown.className === "file-shown") old.after(shown);
      } else if (old.type === "radio" || old.type === "checkbox") {
        if (sent.getAll(old.name).includes(old.value) !== old.checked) twin.checked = old.checked;
      } else if (!["hidden", "submit"].includes(old.type) && old.value !== (sent.get(old.name) ?? "")) twin.value = old.value;
    });
  };

  const settle = async (button) => {
    if (going) return;
    if (busy) { again = true; later = button || later; return; }
    busy = true;
    const sent = fields(button);
    try {
      const answer = await fetch(form.action, { method: "POST", body: sent, credentials: "same-origin", headers: { Accept: "text/html" } });
      if (going) return;
      /* Led elsewhere, as to two guides' differences: what waited would be sent with the old version. */
      if (answer.redirected) { typed = false; going = true; waiting = null; again = false; window.location.assign(answer.url); return; }
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
      dress();
      if (button && /^((add|remove):|place$)/.test(button.name)) {
        const to = document.getElementById(decodeURIComponent(new URL(button.formAction).hash.slice(1)));
        if (to) to.focus();
      }
      const contents = page.querySelector(".contents ol");
      const here = form.querySelector(".contents ol");
      if (contents && here) here.replaceChildren(...Array.from(contents.childNodes));
      if (!again) typed = false;
    } catch { /* the page's own buttons still save */ } finally {
      busy = false;
      if (waiting) { again = false; send(); } else if (again) {
        const next = later;
        again = false;
        later = null;
        settle(next);
      }
    }
  };

  form.addEventListener("input", () => { typed = true; });
  form.addEventListener("change", (event) => {
    if (!region.contains(event.target)) return;
    if (onward(event.target)) return;
    if (event.target.matches("select, input[type=radio], input[type=checkbox], [data-settles]")) settle();
  });

  /* A quick question takes who touched an answer on: to the next page when it is the last of this one. */
  const onward = (field) => {
    const quick = field.matches("input[type=radio]") && Date.now() - touched < 1000 && field.closest("[data-quick]");
    if (!quick || Array.from(region.querySelectorAll(".q")).at(-1) !== quick) return false;
    document.getElementById("b-go").click();
    return true;
  };

  /* A question's own button changes this page alone. */
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-own]");
    if (!button || !region.contains(button) || button.name.startsWith("clear:")) return;
    event.preventDefault();
    settle(button);
  });

  /* A scanner that types ends with Enter: that is the end of the answer, not of the page. */
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-wedge]")) return;
    event.preventDefault();
    const all = Array.from(form.querySelectorAll("input:not([type=hidden]), select, textarea, button")).filter((one) => one.offsetParent);
    all[all.indexOf(event.target) + 1]?.focus();
  });

  /* A box to sign or draw in: what is drawn becomes the picture of the file field behind it. */
  const pad = (field) => {
    const canvas = document.createElement("canvas");
    const clear = document.createElement("button");
    canvas.className = "ink";
    canvas.width = 1000;
    canvas.height = 320;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", field.dataset.ink);
    clear.type = "button";
    clear.className = "button-quiet";
    clear.textContent = field.dataset.inkClear;
    const pen = canvas.getContext("2d");
    let drawing = false;
    const blank = () => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
    };
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
    };
    const put = (file) => {
      const held = new DataTransfer();
      if (file) held.items.add(file);
      field.files = held.files;
      typed = true;
    };
    blank();
    canvas.addEventListener("pointerdown", (event) => {
      drawing = true;
      canvas.setPointerCapture(event.pointerId);
      pen.lineWidth = 5;
      pen.lineCap = pen.lineJoin = "round";
      pen.beginPath();
      pen.moveTo(...at(event));
      pen.lineTo(...at(event));
      pen.stroke();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drawing) return;
      pen.lineTo(...at(event));
      pen.stroke();
    });
    const end = () => {
      if (!drawing) return;
      drawing = false;
      canvas.toBlob((blob) => put(new File([blob], "ink.png", { type: "image/png" })), "image/png");
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    clear.addEventListener("click", () => { blank(); put(null); });
    field.pad = [canvas, clear];
    field.before(canvas, clear);
  };

  /* Where this device is, only when somebody asks, and only where the browser may say. */
  const locator = (field) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button-quiet";
    button.textContent = field.dataset.locate;
    button.addEventListener("click", () => {
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        const place = [coords.latitude.toFixed(7), coords.longitude.toFixed(7), (coords.altitude ?? 0).toFixed(1), (coords.accuracy ?? 0).toFixed(1)].join(" ");
        field.value = field.tagName === "TEXTAREA" && field.value.trim() ? `${field.value.trim()}\n${place}` : place;
        typed = true;
      }, () => { button.disabled = true; }, { enableHighAccuracy: true, timeout: 30000 });
    });
    field.after(button);
  };

  const dress = () => {
    region.querySelectorAll("input[data-ink]").forEach((field) => { if (!field.pad) pad(field); });
    if (!window.isSecureContext || !navigator.geolocation) return;
    region.querySelectorAll("[data-locate]").forEach((field) => {
      if (field.nextElementSibling?.type !== "button") locator(field);
    });
  };
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
  dress();
  window.addEventListener("pageshow", () => { going = false; });
  window.addEventListener("pagehide", () => {
    if (typed && !going) navigator.sendBeacon(form.action, fields());
  });
})();
