/* Comfort only: every page does its work without this file.
   Speak in place, keep a live region fresh, leave a shared tablet clean, show the photo before it is sent, take a scan. */
"use strict";

(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  document.documentElement.classList.add("js");

  /* A speaker link plays here; pressed again it is quiet. If the clip cannot play, the link opens as it would without script. */
  let voice = null;
  let spoken = null;
  const hush = () => {
    if (voice) voice.pause();
    if (spoken) spoken.setAttribute("aria-pressed", "false");
    voice = spoken = null;
  };
  all("a[data-speak]").forEach((link) => {
    link.setAttribute("role", "button");
    link.setAttribute("aria-pressed", "false");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches && event.target.matches("a[data-speak]")) {
      event.preventDefault();
      event.target.click();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-speak]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const again = spoken === link;
    hush();
    if (again) return;
    const sound = new Audio(link.href);
    voice = sound;
    spoken = link;
    link.setAttribute("aria-pressed", "true");
    sound.addEventListener("ended", () => { if (voice === sound) hush(); });
    sound.play().catch((error) => {
      if (voice !== sound) return;
      hush();
      if (error.name !== "AbortError") window.location.assign(link.href);
    });
  });

  /* <div id="queue" data-live="5">: asks for the same page every 5 seconds, 304 when nothing is new. The element
     [data-live-stale] is shown after three answers in a row have not come. */
  all("[data-live]").forEach((region) => {
    const address = region.dataset.liveUrl || window.location.href;
    const pause = Math.max(0.2, Number(region.dataset.live) || 5) * 1000;
    let tag = null;
    let missed = 0;
    const stale = (shown) => all("[data-live-stale]").forEach((told) => { told.hidden = !shown; });
    const busy = () => {
      const at = document.activeElement;
      return at && region.contains(at) && at.matches("input, select, textarea");
    };
    const look = async () => {
      if (document.hidden || busy()) return;
      const stop = new AbortController();
      const late = setTimeout(() => stop.abort(), 8000);
      try {
        const headers = { Accept: "text/html" };
        if (tag) headers["If-None-Match"] = tag;
        const answer = await fetch(address, { headers, cache: "no-store", credentials: "same-origin", signal: stop.signal });
        if (answer.redirected) {
          window.location.assign(answer.url);
          return;
        }
        if (answer.status !== 304) {
          if (!answer.ok) throw new Error(String(answer.status));
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const fresh = page.getElementById(region.id);
          if (!fresh) throw new Error("no region");
          tag = answer.headers.get("ETag");
          if (fresh.innerHTML !== region.innerHTML && !busy()) {
            const held = region.contains(document.activeElement) ? document.activeElement.id : "";
            region.replaceChildren(...Array.from(fresh.childNodes));
            const back = held && document.getElementById(held);
            if (back) back.focus();
          }
        }
        missed = 0;
        stale(false);
      } catch {
        missed += 1;
        if (missed >= 3) stale(true);
      } finally {
        clearTimeout(late);
      }
    };
    const round = async () => {
      await look();
      setTimeout(round, pause * Math.min(1 + missed, 6));
    };
    setTimeout(round, pause);
  });

  /* <body data-idle="120" data-idle-home="/...">: then a calm countdown in #idle, then home with nothing left behind. */
  const wait = Number(document.body.dataset.idle);
  const curtain = document.getElementById("idle");
  if (wait > 0 && curtain) {
    const grace = Number(curtain.dataset.seconds) || 20;
    const left = curtain.querySelector("[data-idle-left]");
    let touched = Date.now();
    let before = null;
    let leftAt = 0;
    const leave = () => {
      /* A slow House is still fetching the home page: asking anew each time would never let it arrive. */
      if (Date.now() - leftAt < 20000) return;
      leftAt = Date.now();
      hush();
      try { window.sessionStorage.clear(); } catch { /* storage may be switched off */ }
      all("form").forEach((form) => form.reset());
      window.location.replace(document.body.dataset.idleHome || "/");
    };
    const stay = () => {
      touched = Date.now();
      if (curtain.hidden) return;
      curtain.hidden = true;
      if (before && before.focus) before.focus();
    };
    ["pointerdown", "keydown", "input", "scroll"].forEach((kind) => document.addEventListener(kind, stay, { passive: true, capture: true }));
    setInterval(() => {
      if (voice && !voice.paused) touched = Date.now();
      const quiet = (Date.now() - touched) / 1000;
      if (quiet >= wait + grace) leave();
      else if (quiet >= wait) {
        if (curtain.hidden) {
          before = document.activeElement;
          curtain.hidden = false;
          curtain.querySelector("button").focus();
        }
        left.textContent = String(Math.ceil(wait + grace - quiet));
      }
    }, 500);
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  }

  /* <input type="file" data-preview data-most="26214400">: the picture, its name and size, before anything travels. */
  const draw = async (file, place) => {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 640 / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", file.name);
    place.prepend(canvas);
  };
  /* Listened for on the whole page: a question for a photo may appear later. */
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches || !field.matches("input[type=file][data-preview]")) return;
    const beside = field.nextElementSibling;
    const place = beside && beside.className === "file-shown" ? beside : document.createElement("div");
    place.className = "file-shown";
    place.setAttribute("aria-live", "polite");
    field.after(place);
    place.replaceChildren();
    field.setCustomValidity("");
    Array.from(field.files).forEach((file) => {
      const size = Math.max(0.1, file.size / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
      const line = document.createElement("p");
      line.textContent = `${file.name} · ${size} MB`;
      place.append(line);
      if (file.size > Number(field.dataset.most || Infinity)) {
        line.className = "problem";
        line.textContent += ` · ${field.dataset.tooBig}`;
        field.setCustomValidity(field.dataset.tooBig);
      } else if (file.type.startsWith("image/")) draw(file, place).catch(() => {});
    });
  });

  /* <input data-scan data-scan-press="button-id">: a scanner types fast and ends with Enter. The Enter presses that one
     button, and a scan that begins while no field is chosen still lands in this one. */
  all("input[data-scan]").forEach((field) => {
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      const press = document.getElementById(field.dataset.scanPress);
      if (press && field.value.trim()) press.click();
    });
    document.addEventListener("keydown", (event) => {
      const free = document.activeElement === document.body || document.activeElement === null;
      if (free && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) field.focus();
    });
  });

  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  /* A second press on the same form while the first is on its way would only make people unsure. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    else form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));
})();
