/* Footnote: the Documents tab. Files are dropped or picked, sent one by one, and followed until
   they are read; the list is the server's, put in place row by row so that focus stays. */
(() => {
  "use strict";
  const SENDERS = 2;
  const LISTED = 500; // files that are shown while they arrive; of the others only what failed
  const EVERY_MS = 1000;
  const LIST_MS = 2500;
  const TOLD_MS = 6000;
  const KEY = "footnote-collection";
  const KEPT = /^(thumbs\.db|desktop\.ini|~\$.*|\..*)$/i;
  const find = (id) => document.getElementById(id);
  const root = () => find("fn-documents");
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  let collection = "";
  let page = 1;
  let words = null;
  let version = "";
  let listed = 0; // when the list was asked for last
  let asked = 0; // counts lists, so that a late one does not replace a newer one
  let step = 0; // the last step of the reading that was seen
  let reading = null;
  let following = false;
  const queue = [];
  const sending = new Set();
  let batch = new Map(); // by collection and path, what arrives
  let hidden = 0;
  let told = { text: "", at: 0 };

  function say(key, values = {}) {
    words ??= JSON.parse(root()?.dataset.words || "{}");
    return (words[key] || key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  }

  const count = (n) => n.toLocaleString("en");

  /* --- the server ------------------------------------------------------------------------- */

  async function answered(response) {
    const value = await response.json().catch(() => ({ error: say("gone") }));
    if (value.error && !("version" in value)) throw new Error(value.error);
    return value;
  }

  async function get(what, values) {
    const url = `documents/${what}?${new URLSearchParams(values)}`;
    const response = await fetch(url, { cache: "no-store" }).catch(() => null);
    if (!response) throw new Error(say("gone"));
    return answered(response);
  }

  async function act(what, values = {}) {
    wrong("");
    const body = JSON.stringify({ act: what, collection, ...shown(), ...values });
    const headers = { "X-Footnote": "page", "Content-Type": "application/json" };
    const response = await fetch("documents/act", { method: "POST", headers, body }).catch(() => null);
    if (!response) throw new Error(say("gone"));
    return answered(response);
  }

  function wrong(message) {
    const place = find("fn-doc-wrong");
    if (!place) return;
    place.hidden = !message;
    place.textContent = message;
  }

  /* What is told to screen readers: the latest, and not more often than they can read it out. */
  function tell(text) {
    if (text === told.text) return;
    told.text = text;
    setTimeout(() => {
      if (told.text !== text || !find("fn-doc-told")) return;
      told.at = Date.now();
      find("fn-doc-told").textContent = text;
    }, Math.max(0, told.at + TOLD_MS - Date.now()));
  }

  /* --- the list --------------------------------------------------------------------------- */

  function shown() {
    return { words: find("fn-doc-search")?.value || "", show: find("fn-doc-kind")?.value || "all", page: String(page) };
  }

  async function list() {
    if (!root()) return;
    const mine = ++asked;
    listed = Date.now();
    let value;
    try {
      value = await get("list", { collection, ...shown() });
    } catch (error) {
      return wrong(error.message);
    }
    if (mine !== asked || !root()) return;
    collection = value.name;
    version = value.version;
    if (collection) sessionStorage.setItem(KEY, collection);
    const select = find("fn-doc-collection");
    if (select.innerHTML !== value.names) select.innerHTML = value.names;
    select.value = collection;
    select.disabled = !collection;
    find("fn-doc-own").hidden = !value.made;
    put(find("fn-doc-list"), value.html);
    const some = !!find("fn-doc-list").querySelector(".fn-doc-counts");
    document.querySelector(".fn-doc-find").hidden = !some;
    find("fn-doc-asks").hidden = !find("fn-doc-list").querySelector(".fn-may:not(:disabled)") && page === 1;
    page = Number(document.querySelector(".fn-doc-pager")?.dataset.page || 1);
  }

  /* Put a list in the place of another: rows that are the same stay, and so does the focus. */
  function put(place, html) {
    const fresh = document.createElement("div");
    fresh.innerHTML = html;
    fresh.querySelectorAll("[data-partly]").forEach((box) => { box.indeterminate = true; });
    const focused = place.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    const before = new Map([...place.querySelectorAll(".fn-doc")].map((row) => [row.dataset.key, row]));
    fresh.querySelectorAll(".fn-doc").forEach((row) => {
      const old = before.get(row.dataset.key);
      if (old?.outerHTML === row.outerHTML && !busy.has(row.dataset.key)) row.replaceWith(old);
    });
    const opened = find("fn-doc-previews");
    opened.querySelectorAll(".fn-source").forEach((each) => {
      const link = fresh.querySelector(`a[href="#${each.dataset.anchors}"]`);
      if (link?.dataset.id !== each.dataset.id) each.remove();
    });
    place.replaceChildren(...fresh.childNodes);
    if (focused) place.querySelector(focused)?.focus({ preventScroll: true });
  }

  const busy = new Set(); // keys of rows that a click has changed before the server has

  function nameOf(element) {
    const row = element.closest(".fn-doc");
    const own = element.dataset.act ? `[data-act="${element.dataset.act}"]`
      : element.dataset.doc ? `[data-doc="${element.dataset.doc}"]`
        : element.dataset.ids ? `[data-ids="${element.dataset.ids}"]`
          : element.hash ? `a[href="${element.hash}"]` : null;
    return own && (row ? `.fn-doc[data-key="${row.dataset.key}"] ${own}` : own);
  }

  async function choose(name) {
    collection = name;
    page = 1;
    step = 0;
    reading = null;
    await list();
    const now = await get("progress", { collection, after: "0" }).catch(() => null);
    // What was read before this window looked is in the list already.
    step = now?.last || 0;
    reading = now;
    if (now?.at_work) follow();
    draw();
  }

  /* --- one document ----------------------------------------------------------------------- */

  async function preview(anchor) {
    const link = root()?.querySelector(`a[href="#${anchor}"][data-id]`);
    if (!link) return false;
    const key = link.closest(".fn-doc").dataset.key;
    try {
      const value = await get("preview", { collection, key, id: link.dataset.id, anchor });
      const place = document.createElement("div");
      place.innerHTML = value.html;
      const section = place.firstElementChild;
      section.dataset.id = link.dataset.id;
      find("fn-doc-previews").append(section);
      return true;
    } catch (error) {
      wrong(error.message);
      return false;
    }
  }

  /* --- what is asked before something is done ------------------------------------------------ */

  function ask({ title, why = "", field = "", value = "", yes, secret = false }) {
    const dialog = find("fn-doc-dialog");
    const label = find("fn-doc-field");
    const input = label.querySelector("input");
    find("fn-doc-asked").textContent = title;
    find("fn-doc-why").textContent = why;
    find("fn-doc-why").hidden = !why;
    label.hidden = !field;
    label.querySelector("span").textContent = field;
    input.type = secret ? "password" : "text";
    input.value = value;
    input.disabled = !field;
    const button = dialog.querySelector(".fn-doc-yes");
    button.textContent = yes;
    button.classList.toggle("fn-doc-danger", !field);
    const from = document.activeElement;
    const back = from && root().contains(from) ? from.id ? `#${from.id}` : nameOf(from) : null;
    dialog.returnValue = "";
    dialog.showModal();
    (field ? input : dialog.querySelector(".fn-doc-no")).focus();
    input.select();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        // The row may have been drawn anew meanwhile.
        if (back) root()?.querySelector(back)?.focus({ preventScroll: true });
        resolve(dialog.returnValue === "yes" ? field ? input.value : true : null);
      }, { once: true });
    });
  }

  const does = {
    async new() {
      const to = await ask({ title: say("newTitle"), field: say("name"), yes: say("make") });
      if (to !== null) await choose((await act("new", { to })).name);
    },
    async rename() {
      const to = await ask({ title: say("renameTitle", { name: collection }), field: say("name"), value: collection, yes: say("rename") });
      if (to !== null && to !== collection) await choose((await act("rename", { to })).name);
    },
    async drop() {
      const name = collection;
      const sure = await ask({ title: say("removeTitle", { name }), why: say("dropWhy"), yes: say("remove") });
      if (!sure) return;
      await act("drop");
      tell(say("removed", { name }));
      await choose("");
    },
    async mend() {
      const name = collection;
      const sure = await ask({ title: say("mendTitle", { name }), why: say("mendWhy"), yes: say("mend") });
      if (!sure) return;
      await act("mend");
      await list();
    },
    async read() { await act("read", { ocr: ocr() }); follow(); },
    async stop() {
      while (queue.length) queue.shift().end("unsent", say("stopped"));
      sending.forEach((each) => each.xhr.abort());
      draw();
      if (reading?.at_work) { await act("stop"); follow(); }
    },
    clear() { batch = new Map(); hidden = 0; draw(); },
    async back() { page -= 1; await list(); top(); },
    async on() { page += 1; await list(); top(); },
    async "take-all"() { await act("take-all"); await list(); },
    async "leave-all"() { await act("leave-all"); await list(); },
    ask() { find("fn-doc-ask")?.click(); },
  };

  const acts = {
    async reread(row) { await act("reread", { keys: [row.dataset.key], ocr: ocr() }); follow(); },
    async unlock(row, name) {
      const password = await ask({ title: say("passwordTitle", { name }), why: say("passwordWhy"), field: say("password"), yes: say("unlock"), secret: true });
      if (password) { await act("reread", { keys: [row.dataset.key], password }); follow(); }
    },
    async remove(row, name) {
      const sure = await ask({ title: say("removeTitle", { name }), why: say("removeWhy"), yes: say("remove") });
      if (!sure) return;
      const next = row.nextElementSibling || row.previousElementSibling;
      await act("remove", { keys: [row.dataset.key] });
      tell(say("removed", { name }));
      await list();
      const to = next && root().querySelector(`.fn-doc[data-key="${next.dataset.key}"] button`);
      (to || find("fn-doc-search")).focus();
      follow();
    },
  };

  const ocr = () => String(!!find("fn-doc-ocr")?.checked);
  const top = () => document.querySelector(".fn-doc-find")?.scrollIntoView({ block: "start" });

  async function safely(work) {
    try {
      await work();
    } catch (error) {
      wrong(error.message);
      find("fn-doc-wrong")?.scrollIntoView({ block: "nearest" });
    }
  }

  async function may(box) {
    const row = box.closest(".fn-doc").dataset.key;
    busy.add(row);
    try {
      await act(box.checked ? "take" : "leave", { ids: box.dataset.ids.split(" ") });
    } finally {
      await list();
      busy.delete(row);
    }
  }

  /* --- what arrives ----------------------------------------------------------------------- */

  /* A file on its way: from the browser to the collection, and there to be read. */
  class Arriving {
    constructor(file, path, into) {
      Object.assign(this, { file, path, into, state: "waiting", text: say("waitsToBeSent"), row: null });
    }

    set(state, text) {
      if (this.state === state && this.text === text) return;
      this.state = state;
      this.text = text;
      if (this.row) {
        this.row.dataset.state = state;
        this.row.lastChild.textContent = text;
      }
    }

    end(state, text) {
      this.file = null;
      this.set(state, text);
      if (state === "refused" || state === "unsent") show(this, true);
    }
  }

  const keyOf = (into, path) => `${into}\n${path}`;

  function refusalOf(file, path) {
    const data = root().dataset;
    const suffix = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() || "";
    if (!data.kinds.split(" ").includes(suffix)) return say("unknownKind");
    if (file.size > Number(data.most)) return say("tooLarge", { most: Math.round(data.most / 1e6) });
    return "";
  }

  /* Take files up: `found` yields pairs of a file and its path. */
  async function take(found) {
    if (!collection) await does.new();
    if (!collection) return;
    const into = collection;
    if ([...batch.values()].every((each) => final(each.state))) { batch = new Map(); hidden = 0; clearRows(); }
    let since = performance.now();
    for await (const [file, path] of found) {
      if (path.split("/").some((part) => KEPT.test(part))) { hidden += 1; continue; }
      const each = new Arriving(file, path, into);
      batch.set(keyOf(into, path.normalize("NFC")), each);
      show(each);
      const refusal = file ? refusalOf(file, path) : say("unreadable");
      if (refusal) each.end("refused", refusal);
      else queue.push(each);
      // Thousands of files must not hold the page up.
      if (performance.now() - since > 40) { draw(); send(); await pause(0); since = performance.now(); }
    }
    draw();
    send();
  }

  function send() {
    while (queue.length && sending.size < SENDERS) sendOne(queue.shift());
  }

  function sendOne(each) {
    const xhr = each.xhr = new XMLHttpRequest();
    const { file, path, into } = each;
    const given = { collection: into, path, modified: String(Math.max(0, file.lastModified)), ocr: ocr() };
    xhr.open("POST", `documents/file?${new URLSearchParams(given)}`);
    xhr.setRequestHeader("X-Footnote", "page");
    xhr.setRequestHeader("Content-Type", "application/octet-stream");
    xhr.upload.onprogress = (event) => {
      if (event.lengthComputable) each.set("sending", `${Math.floor(100 * event.loaded / event.total)} %`);
      soon();
    };
    xhr.onload = () => {
      let value = {};
      try { value = JSON.parse(xhr.responseText); } catch { /* told below */ }
      if (xhr.status === 200) {
        if (value.outcome === "same") each.end("same", say("same"));
        else { each.file = null; each.set("sent", say(value.outcome === "replaced" ? "replaced" : "sent")); }
      } else each.end("refused", bare(value.error || say("noAnswer"), path));
      done();
    };
    xhr.onerror = () => {
      // A file that was changed or taken away cannot be sent; a server that is gone takes none.
      file.slice(0, 1).arrayBuffer().then(
        () => each.end("unsent", say("noAnswer")), () => each.end("unsent", say("unreadable")),
      ).finally(done);
    };
    xhr.onabort = () => { each.end("unsent", say("stopped")); done(); };
    const done = () => { sending.delete(each); send(); soon(); follow(); };
    each.set("sending", "0 %");
    sending.add(each);
    xhr.send(file);
  }

  /* The name of the file stands before what is said of it. */
  function bare(message, path) {
    const name = `“${path.split("/").pop()}”: `;
    return message.startsWith(name) ? message.slice(name.length) : message;
  }

  const final = (state) => ["read", "refused", "same", "unsent"].includes(state);

  function show(each, always = false) {
    const place = find("fn-doc-files-arriving");
    if (!place || (each.row && !always)) return;
    if (!each.row && place.childElementCount >= LISTED && !always) return;
    if (!each.row) {
      each.row = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = each.path;
      name.dir = "auto";
      each.row.append(name, document.createElement("span"));
      each.row.lastChild.textContent = each.text;
      place.append(each.row);
    }
    each.row.dataset.state = each.state;
    // What failed stands first, where it is seen.
    if (always) place.prepend(each.row);
  }

  function clearRows() {
    find("fn-doc-files-arriving")?.replaceChildren();
  }

  let drawing = false;
  function soon() {
    if (drawing) return;
    drawing = true;
    setTimeout(() => { drawing = false; draw(); }, 200);
  }

  /* Say how far everything is. */
  function draw() {
    const place = find("fn-doc-arriving");
    if (!place) return;
    const all = [...batch.values()];
    const of = (...states) => all.filter((each) => states.includes(each.state)).length;
    const unsent = queue.length + sending.size;
    // Between two readings there is still something to wait for.
    const work = !!reading?.at_work || (!!following && of("sent", "being") > 0);
    const failed = !work && reading?.state === "failed" ? reading.error : "";
    place.hidden = !all.length && !work && !failed;
    place.querySelector('[data-doc="stop"]').hidden = !unsent && !(reading?.at_work && reading.state !== "stopping");
    place.querySelector('[data-doc="clear"]').hidden = !!unsent || work || !all.length;
    const files = find("fn-doc-files-arriving");
    files.hidden = !all.length;
    if (!all.length) clearRows();
    const [text, done, total] = unsent ? sendingNow(all) : work ? readingNow() : [sum(of, all.length), 1, 1];
    const bar = find("fn-doc-share");
    bar.hidden = !unsent && !work;
    bar.max = total || 1;
    if (total) bar.value = done;
    else bar.removeAttribute("value");
    const more = [text];
    if (hidden) more.push(hidden === 1 ? say("hiddenOne") : say("hidden", { n: count(hidden) }));
    const rest = all.length - files.childElementCount;
    if (rest > 0) more.push(say("more", { n: count(rest) }));
    put1(find("fn-doc-sum"), failed || more.filter(Boolean).join(" · "));
    find("fn-doc-sum").classList.toggle("fn-doc-error", !!failed);
    if (!place.hidden) tell(find("fn-doc-sum").textContent);
  }

  function put1(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  function sendingNow(all) {
    const left = queue.length + sending.size;
    const total = all.filter((each) => each.state !== "refused" || each.sent).length;
    const parts = [say("sending", { done: count(total - left), total: count(total) })];
    return [parts[0], total - left, total];
  }

  function readingNow() {
    if (reading?.state === "queued") return [say("queued"), 0, 0];
    if (reading?.state === "stopping") return [say("stopping"), 0, 0];
    // Of what was sent from here several readings may be needed; they are told as one.
    const sent = [...batch.values()].filter((each) => each.into === collection && each.state !== "unsent");
    const own = sent.some((each) => !final(each.state));
    const { waiting = 0, read = 0, refused = 0 } = reading || {};
    const total = own ? sent.length : waiting + read + refused;
    const done = own ? sent.filter((each) => final(each.state)).length : read + refused;
    if (!total) return [say("looking"), 0, 0];
    return [say("reading", { done: count(done), total: count(total) }), done, total];
  }

  function sum(of, total) {
    if (!total) return "";
    const parts = [total === 1 ? say("file") : say("files", { n: count(total) })];
    for (const [key, n] of [
      ["someRead", of("read")], ["someSame", of("same")], ["someRefused", of("refused")],
      ["someUnsent", of("unsent")], ["someWait", of("sent", "being", "waiting", "sending")],
    ]) if (n) parts.push(say(key, { n: count(n) }));
    return parts.join(" · ");
  }

  /* --- how the reading goes ----------------------------------------------------------------- */

  /* Look how far it is, as long as there is something to wait for. */
  async function follow() {
    if (following) { following = "again"; return; }
    following = true;
    let idle = 0;
    while (root() && idle < 3) {
      const name = collection;
      let now = null;
      try {
        now = await get("progress", { collection: name, after: String(step) });
      } catch { /* the server is gone for a moment, or the collection is */ }
      if (name === collection && now) {
        reading = now;
        step = now.last || step;
        now.steps.forEach((each) => note(name, each));
        const since = Date.now() - listed;
        if (now.version !== version && (since > LIST_MS || !now.at_work)) await list();
        draw();
      }
      const goes = now?.at_work || sending.size || queue.length || following === "again";
      idle = goes ? 0 : idle + 1;
      following = true;
      await pause(document.hidden ? 4 * EVERY_MS : EVERY_MS);
    }
    following = false;
    draw();
  }

  function note(into, [path, inside, what, passages, reason]) {
    const each = batch.get(keyOf(into, path));
    if (!each || inside || each.state === "unsent" || each.state === "sending") return;
    if (what === "reading") each.set("being", say("being"));
    else if (what === "read") each.end("read", passages === 1 ? say("readOne") : say("read", { n: count(passages) }));
    else if (what === "refused" && each.state !== "read") each.end("refused", reason);
  }

  /* --- dropping and picking ----------------------------------------------------------------- */

  async function* within(entries) {
    for (const [entry, file] of entries) {
      if (!entry) { if (file) yield [file, file.name]; continue; }
      yield* walk(entry);
    }
  }

  async function* walk(entry) {
    const path = entry.fullPath.replace(/^\//, "");
    if (entry.isFile) {
      yield [await new Promise((resolve) => entry.file(resolve, () => resolve(null))), path];
      return;
    }
    if (KEPT.test(entry.name)) { hidden += 1; return; }
    const reader = entry.createReader();
    // A hundred at a time, until there are none.
    for (;;) {
      const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
      if (!some.length) return;
      for (const each of some) yield* walk(each);
    }
  }

  async function* picked(files) {
    for (const file of files) yield [file, file.webkitRelativePath || file.name];
  }

  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const onTab = () => root()?.offsetParent !== null;
  let over = 0;

  function light(on) {
    find("fn-doc-drop")?.classList.toggle("fn-over", on);
  }

  // The whole page takes files while the tab is open: nobody has to aim.
  document.addEventListener("dragenter", (event) => {
    if (!root() || !onTab() || !holdsFiles(event)) return;
    event.preventDefault();
    over += 1;
    light(true);
  });
  document.addEventListener("dragover", (event) => {
    if (!root() || !onTab() || !holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  document.addEventListener("dragleave", () => {
    over = Math.max(0, over - 1);
    if (!over) light(false);
  });
  document.addEventListener("drop", (event) => {
    over = 0;
    light(false);
    if (!root() || !onTab() || !holdsFiles(event)) return;
    event.preventDefault();
    // What was dropped is gone after this event: it is taken hold of now.
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
    safely(() => take(within(entries)));
  });

  document.addEventListener("change", (event) => {
    const at = event.target;
    if (at.id === "fn-doc-files" || at.id === "fn-doc-folder") {
      const files = [...at.files];
      at.value = "";
      safely(() => take(picked(files)));
    }
    if (at.id === "fn-doc-collection") safely(() => choose(at.value));
    if (at.id === "fn-doc-kind") { page = 1; safely(list); }
    if (at.classList?.contains("fn-may")) safely(() => may(at));
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "fn-doc-search") return;
    clearTimeout(typing);
    typing = setTimeout(() => { page = 1; safely(list); }, 250);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#fn-documents button");
    if (!button) return;
    const row = button.closest(".fn-doc");
    if (button.classList.contains("fn-doc-no")) find("fn-doc-dialog").close("");
    if (button.dataset.doc) safely(() => does[button.dataset.doc]());
    if (button.dataset.act) safely(() => acts[button.dataset.act](row, row.querySelector(".fn-doc-title > :first-child").textContent));
  });

  // Escape closes the question, not what is open beside the list.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && find("fn-doc-dialog")?.open) event.stopImmediatePropagation();
  }, true);

  window.addEventListener("beforeunload", (event) => {
    if (queue.length || sending.size) event.preventDefault();
  });

  /* Gradio makes the tab when it is first opened, and may make it anew. */
  let seen = null;
  function begin() {
    const here = root();
    if (here && here !== seen) {
      seen = here;
      words = null;
      batch.forEach((each) => { each.row = null; show(each, each.state === "refused" || each.state === "unsent"); });
      safely(() => choose(sessionStorage.getItem(KEY) || here.dataset.first));
    }
  }
  new MutationObserver(begin).observe(document.documentElement, { childList: true, subtree: true });
  begin();

  window.footnote = { ...window.footnote, collection: () => collection, preview };
})();
