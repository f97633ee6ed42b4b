"use strict";
// Reads faces.js (window.GALLERY) at once, vectors.js and words.js when they are first needed; asks no server for anything.
// Scripts, not JSON: a page opened from a disk may load scripts and pictures beside it, but fetch nothing.
(() => {
  const G = window.GALLERY;
  const byId = (id) => document.getElementById(id);
  if (!G) { byId("state").textContent = "faces.js is missing or damaged: write the gallery again."; return; }

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const C = G.classes.length, NONE = C, NO_NAME = -1, shares = bytes(G.shares);
  // What each face shows and how surely, and the second best; NONE where no share is above 0.
  const shows = new Uint16Array(G.n).fill(NONE), second = new Uint16Array(G.n).fill(NONE);
  const confidence = new Uint8Array(G.n), runnerUp = new Uint8Array(G.n);
  for (let face = 0; face < G.n; face++) {
    for (let code = 0; code < C; code++) {
      const share = shares[face * C + code];
      if (share > confidence[face]) {
        second[face] = shows[face]; runnerUp[face] = confidence[face];
        shows[face] = code; confidence[face] = share;
      } else if (share > runnerUp[face]) { second[face] = code; runnerUp[face] = share; }
    }
  }
  // Of every name, the labels that hold it: names under it are among them. A face is as sure as its label's first name.
  const heldBy = G.names.map((_, name) => G.holds.flatMap((names, code) => names.includes(name) ? [code] : []));
  const holds = (code, name) => code === NONE ? name === NO_NAME : G.holds[code].includes(name);
  for (let face = 0; face < G.n; face++) {
    if (shows[face] === NONE) continue;
    let sum = 0;
    for (const code of heldBy[G.first[shows[face]]]) sum += shares[face * C + code];
    confidence[face] = Math.min(255, sum);
  }
  const photoOf = new Uint32Array(bytes(G.photo_of).buffer), boxes = new Uint16Array(bytes(G.boxes).buffer);
  const rows = new Uint32Array(bytes(G.rows).buffer);  // of the data set: what is no face has a row there, and none here
  const folderNames = G.photos.map((path) => path.toLowerCase());
  const GAP = 6, LABEL = 18, LARGEST_BOX = 65535, SMALLEST = 320, HEADING = 30;

  const wanted = new Set();         // names that are shown, or NO_NAME; empty: all
  const picked = new Set();
  let order = [];                   // faces in the order of the grid
  let split = 0;                    // so many of them are called what was asked for; those behind are less alike
  let withAll = false;              // whether faces below the bound are listed too
  let below = 0;                    // faces that a bound keeps out of the list
  let focus = 0;                    // a place in `order`
  // Of words or of one face: {title, scores: Float32Array}, and of words what faces are called, by label, and the bound.
  let ranking = null;
  let notice = "";

  const percent = (code) => Math.round(code / 2.55);
  const nameOf = (code) => code === NONE ? "not named" : G.classes[code];
  const loaded = {};
  const load = (name, variable) => loaded[name] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = name;
    script.onload = () => window[variable] ? resolve(window[variable]) : reject(new Error(`${name} is damaged`));
    script.onerror = () => { delete loaded[name]; reject(new Error(`${name} is missing beside this page`)); };
    document.head.append(script);
  });

  // ---- which faces, in which order -------------------------------------------------------------------------------
  function arrange() {
    const least = Number(byId("confidence").value) * 2.55, part = byId("folder").value.trim().toLowerCase();
    order = [];
    below = 0;
    for (let face = 0; face < G.n; face++) {
      if (wanted.size && ![...wanted].some((name) => holds(shows[face], name))) continue;
      if (confidence[face] < least) continue;
      if (part && !folderNames[photoOf[face]].includes(part)) continue;
      if (ranking && !(ranking.scores[face] > ranking.least)) continue;
      if (ranking && !isCalled(face) && !(ranking.scores[face] > ranking.bound)) {
        below++;
        if (!withAll) continue;
      }
      order.push(face);
    }
    if (ranking) order.sort((a, b) => isCalled(b) - isCalled(a) || ranking.scores[b] - ranking.scores[a] || a - b);
    else order.sort((a, b) => confidence[b] - confidence[a] || a - b);
    split = ranking?.called ? order.filter(isCalled).length : order.length;
    focus = 0;
    byId("grid").scrollTop = 0;
    tell();
    draw();
  }

  // Without words, every face of the list is as good as called so: there is nothing to divide.
  const isCalled = (face) => !ranking?.called || shows[face] !== NONE && ranking.called.includes(shows[face]);

  function tell() {
    const count = order.length.toLocaleString("en"), all = G.n.toLocaleString("en"), rest = order.length - split;
    byId("state").textContent = notice + (!ranking ? `${count} of ${all} faces, the most confident first`
      : !ranking.called?.length ? `${count} of ${all} faces, by ${ranking.title}`
      : `${split ? split.toLocaleString("en") : "no face is"} called ${ranking.called.map(nameOf).join(" or ")}` +
        `${rest ? `; below: ${rest.toLocaleString("en")} less alike` : ""}, of ${all} faces, by ${ranking.title}`);
    byId("rest").hidden = !below;
    byId("rest").textContent = withAll ? "Hide the least alike" : `Show ${below.toLocaleString("en")} still less alike`;
    byId("heading").textContent = `Less alike: ${rest.toLocaleString("en")}`;
    byId("selection").hidden = picked.size === 0;
    byId("selected").textContent = `${picked.size.toLocaleString("en")} selected`;
  }

  // ---- the grid: only the rows in sight exist ----------------------------------------------------------------------
  let columns = 1, size = 96;
  const tiles = new Map();

  const tall = () => size + LABEL + GAP;
  const headed = () => split > 0 && split < order.length;
  // Where the faces that are less alike begin: below the rows of those called so, and a heading.
  const rowsAbove = () => Math.ceil(split / columns);
  const startBelow = () => GAP + rowsAbove() * tall() + (headed() ? HEADING : 0);
  const leftOf = (place) => ((place < split ? place : place - split) % columns) * (size + GAP);
  const topOf = (place) => place < split ? GAP + Math.floor(place / columns) * tall()
    : startBelow() + Math.floor((place - split) / columns) * tall();

  function measure() {
    const width = byId("grid").clientWidth - 2 * GAP;
    columns = Math.max(3, Math.floor(width / 104));
    size = Math.floor((width - GAP * (columns - 1)) / columns);
  }

  function makeTile(place) {
    const face = order[place], tile = document.createElement("button");
    tile.type = "button";
    tile.className = "tile";
    tile.dataset.place = place;
    const sheet = Math.floor(face / (G.grid * G.grid)), at = face % (G.grid * G.grid), inner = size - 4;
    const picture = document.createElement("i"), label = document.createElement("span");
    picture.style.backgroundImage = `url("sheets/${String(sheet).padStart(4, "0")}.jpg")`;
    picture.style.backgroundSize = `${inner * G.grid}px auto`;
    picture.style.backgroundPosition = `${-inner * (at % G.grid)}px ${-inner * Math.floor(at / G.grid)}px`;
    label.textContent = nameOf(shows[face]) + (shows[face] === NONE || !G.calibrated ? "" : ` ${percent(confidence[face])} %`);
    tile.setAttribute("aria-label", `shows ${label.textContent}, ${G.photos[photoOf[face]]}`);
    tile.title = label.textContent;
    tile.append(picture, label);
    return tile;
  }

  function draw(fresh = true) {
    const grid = byId("grid"), height = tall(), rest = order.length - split;
    const focused = byId("space").contains(document.activeElement);  // a tile that goes takes the keyboard with it
    if (fresh) { for (const tile of tiles.values()) tile.remove(); tiles.clear(); }
    byId("space").style.height = `${startBelow() + Math.ceil(rest / columns) * height}px`;
    byId("space").style.width = `${columns * (size + GAP) - GAP}px`;
    byId("heading").hidden = !headed();
    byId("heading").style.top = `${startBelow() - HEADING}px`;
    // Of both parts the rows in sight, and two more on either side.
    const inSight = (from, to, start) => [
      from + Math.max(0, Math.floor((grid.scrollTop - start) / height) - 2) * columns,
      Math.min(to, from + Math.max(0, Math.ceil((grid.scrollTop + grid.clientHeight - start) / height) + 2) * columns)];
    const parts = [inSight(0, split, GAP), inSight(split, order.length, startBelow())];
    const shown = (place) => parts.some(([first, last]) => place >= first && place < last);
    for (const [place, tile] of tiles) if (!shown(place)) { tile.remove(); tiles.delete(place); }
    for (const [first, last] of parts) for (let place = first; place < last; place++) {
      let tile = tiles.get(place);
      if (!tile) {
        tile = makeTile(place);
        tile.style.cssText += `left:${leftOf(place)}px;top:${topOf(place)}px;width:${size}px;height:${size + LABEL}px`;
        tiles.set(place, tile);
        byId("space").append(tile);
      }
      tile.classList.toggle("picked", picked.has(order[place]));
      tile.setAttribute("aria-pressed", picked.has(order[place]));
      tile.tabIndex = place === focus ? 0 : -1;
    }
    if (fresh && focused) tiles.get(focus)?.focus({ preventScroll: true });
  }

  function moveTo(place) {
    if (!order.length) return;
    focus = Math.min(order.length - 1, Math.max(0, place));
    const grid = byId("grid"), height = tall(), top = topOf(focus) - GAP;
    if (top < grid.scrollTop) grid.scrollTop = top;
    if (top + height > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + height + GAP - grid.clientHeight;
    draw(false);
    tiles.get(focus)?.focus({ preventScroll: true });
  }

  function pick(face) {
    if (!picked.delete(face)) picked.add(face);
    tell();
    draw(false);
    byId("pick").textContent = picked.has(order[focus]) ? "Deselect" : "Select";
  }

  // ---- one face in its photograph ----------------------------------------------------------------------------------
  function open(place) {
    focus = Math.min(order.length - 1, Math.max(0, place));
    const face = order[focus], path = G.photos[photoOf[face]], image = byId("photo");
    byId("shows").textContent = shows[face] === NONE ? "Not named" : `Shows: ${nameOf(shows[face])}`;
    byId("facts").textContent = shows[face] === NONE ? "" :
      `confidence ${percent(confidence[face])} %` + (G.calibrated ? "" : " (not calibrated)") + (second[face] === NONE ? "" : `; second: ${nameOf(second[face])} ${percent(runnerUp[face])} %`);
    byId("path").textContent = path;
    byId("pick").textContent = picked.has(face) ? "Deselect" : "Select";
    byId("box").hidden = true;
    image.hidden = false;
    image.alt = path;
    image.onload = () => placeBox(face);
    image.onerror = () => { image.hidden = true; byId("box").hidden = true; enlarge(face); };
    byId("face").hidden = true;
    image.src = G.links[photoOf[face]] ?? G.folder + path.split("/").map(encodeURIComponent).join("/");
    if (!byId("detail").open) byId("detail").showModal();
  }

  function placeBox(face) {
    const image = byId("photo"), box = byId("box"), [left, right, top, bottom] = boxes.slice(face * 4, face * 4 + 4);
    if (image.hidden || !image.naturalWidth) return;
    image.style.width = image.naturalWidth < SMALLEST ? `${SMALLEST}px` : "";
    const fraction = (value) => value / LARGEST_BOX;
    box.style.left = `${image.offsetLeft + fraction(left) * image.clientWidth}px`;
    box.style.top = `${image.offsetTop + fraction(top) * image.clientHeight}px`;
    box.style.width = `${fraction(right - left) * image.clientWidth}px`;
    box.style.height = `${fraction(bottom - top) * image.clientHeight}px`;
    box.hidden = false;
  }

  // A photograph that is gone, or of a kind that browsers do not read: the face from its sheet.
  function enlarge(face) {
    const sheet = new Image(), at = face % (G.grid * G.grid), canvas = byId("face");
    sheet.onload = () => {
      const side = sheet.naturalWidth / G.grid;
      canvas.getContext("2d").drawImage(sheet, side * (at % G.grid), side * Math.floor(at / G.grid), side, side, 0, 0, 200, 200);
      canvas.hidden = false;
    };
    sheet.src = `sheets/${String(Math.floor(face / (G.grid * G.grid))).padStart(4, "0")}.jpg`;
  }

  // ---- more like this: squared distances between int8 vectors --------------------------------------------------------
  async function like(face) {
    try {
      const stored = await load("vectors.js", "GALLERY_VECTORS");
      const vectors = new Int8Array(bytes(stored.vectors).buffer), d = stored.d, scores = new Float32Array(G.n);
      const centre = vectors.slice(face * d, face * d + d);
      for (let other = 0, at = 0; other < G.n; other++) {
        let sum = 0;
        for (let axis = 0; axis < d; axis++, at++) sum += (vectors[at] - centre[axis]) ** 2;
        scores[other] = -sum;
      }
      ranking = { title: `likeness to ${G.photos[photoOf[face]]}`, scores, least: -Infinity, bound: -Infinity };
      notice = "";
      wanted.clear();
      byId("words").value = "";
      if (byId("detail").open) byId("detail").close();
      chips();
      arrange();
      moveTo(0);
    } catch (error) { notice = `More like this: ${error.message}. `; tell(); }
  }

  // ---- words: each face by how much of the words' emotions it shows, as fecemo.archive.words reads a phrase -----------
  function* forms(word, suffixes) {
    yield word;
    for (const [ending, instead] of suffixes) {
      const stem = word.slice(0, word.length - ending.length);
      if (!word.endsWith(ending) || stem.length < 3) continue;
      yield stem + instead;
      if (!instead && stem.at(-1) === stem.at(-2)) yield stem.slice(0, -1);
    }
  }

  async function search() {
    const text = byId("words").value.trim();
    notice = "";
    if (!text) { ranking = null; arrange(); return; }
    try {
      const table = await load("words.js", "GALLERY_WORDS"), weights = new Float32Array(C), unknown = [];
      const longest = Math.max(...Object.keys(table.named).map((name) => name.split(" ").length));
      const named = (words) => {
        const name = words.toLowerCase().replaceAll("’", "'");
        return Object.hasOwn(table.named, name) && table.named[name].length ? table.named[name] : null;
      };
      const words = named(text) ? [text] : text.match(/\p{L}+(?:['’-]\p{L}+)*/gu) ?? [];
      let sign = 1, known = 0;
      for (let at = 0; at < words.length;) {
        let length = Math.min(longest, words.length - at), codes = null;
        for (; length > 0; length--) if ((codes = named(words.slice(at, at + length).join(" ")))) break;
        const word = words[at], lower = word.toLowerCase().replaceAll("’", "'");
        at += Math.max(1, length);
        if (codes) for (const code of codes) weights[code] += sign;
        else if (table.negations.includes(lower) || lower.endsWith("n't")) { sign = -1; continue; }
        else {
          if (table.passed_over.includes(lower)) continue;
          const form = [...forms(lower, table.suffixes)].find((candidate) => Object.hasOwn(table.words, candidate));
          if (form === undefined) { unknown.push(word); continue; }
          table.words[form].forEach((percent, emotion) => {
            for (const code of table.places[emotion]) weights[code] += sign * percent / 100;
          });
        }
        known++;
        sign = 1;
      }
      if (unknown.length) notice = `Unknown word${unknown.length > 1 ? "s" : ""}: ${unknown.join(", ")}. `;
      if (known && !weights.some((weight) => weight > 0)) notice += "Words say what a face is not to show, and not what it shows. ";
      if (!known) { ranking = null; arrange(); return; }
      const scores = new Float32Array(G.n);
      for (let face = 0; face < G.n; face++) {
        for (let code = 0; code < C; code++) scores[face] += weights[code] * shares[face * C + code];
      }
      // As fecemo.archive.words says which labels a phrase calls for, and fecemo.archive.search what is less alike.
      const heaviest = Math.max(...weights);
      const called = [...weights.keys()].filter((code) => weights[code] > 0 && weights[code] >= table.called * heaviest);
      const theirs = scores.filter((_, face) => called.includes(shows[face])).sort(), half = theirs.length >> 1;
      const median = theirs.length % 2 ? theirs[half] : (theirs[half - 1] + theirs[half]) / 2;
      ranking = { title: `“${text}”`, scores, least: 0, called, bound: theirs.length ? table.less_alike * median : Infinity };
      withAll = false;
      arrange();
    } catch (error) { notice = `Words: ${error.message}. `; tell(); }
  }

  // ---- selection out as CSV: cells that a spreadsheet would run as formulas are kept as text -------------------------
  function save() {
    const cell = (value) => {
      const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
      return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = ["row,photo,left,right,top,bottom,shows,confidence"];
    for (const face of [...picked].sort((a, b) => a - b)) {
      const box = [...boxes.slice(face * 4, face * 4 + 4)].map((value) => (value / LARGEST_BOX).toFixed(5));
      lines.push([rows[face], cell(G.photos[photoOf[face]]), ...box, cell(nameOf(shows[face])), (confidence[face] / 255).toFixed(2)].join(","));
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = "selection.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // ---- controls ------------------------------------------------------------------------------------------------------
  function chips() {
    const labels = new Map(), counts = new Map(), count = (name, more) => counts.set(name, (counts.get(name) ?? 0) + more);
    for (const code of shows) labels.set(code, (labels.get(code) ?? 0) + 1);
    for (const [code, faces] of labels) for (const name of code === NONE ? [NO_NAME] : G.holds[code]) count(name, faces);
    const most = (names) => names.sort((a, b) => counts.get(b) - counts.get(a));
    const below = (name) => [name, ...most([...counts.keys()].filter((other) => G.under[other]?.includes(name))).flatMap(below)];
    const tops = most([...counts.keys()].filter((name) => name === NO_NAME || !G.under[name].length));
    byId("chips").replaceChildren(...tops.flatMap((name) => name === NO_NAME ? [name] : below(name)).map((name) => {
      const chip = document.createElement("button"), number = document.createElement("small");
      chip.type = "button";
      number.textContent = ` ${counts.get(name).toLocaleString("en")}`;
      chip.append((G.under[name]?.length ? "› " : "") + (name === NO_NAME ? nameOf(NONE) : G.names[name]), number);
      chip.dataset.name = name;
      chip.setAttribute("aria-pressed", wanted.has(name));
      chip.onclick = () => {
        if (!wanted.delete(name)) wanted.add(name);
        // A name under several others has a chip behind each.
        for (const same of byId("chips").children) if (same.dataset.name === chip.dataset.name) same.setAttribute("aria-pressed", wanted.has(name));
        arrange();
      };
      return chip;
    }));
  }

  byId("title").textContent = document.title = G.title;
  byId("claim").textContent = G.claim;
  byId("calibrated").textContent = G.calibrated ? "Confidence ≥" : "Confidence (not calibrated) ≥";
  byId("confidence").oninput = () => { byId("least").value = byId("confidence").value; arrange(); };
  byId("folder").oninput = arrange;
  byId("rest").onclick = () => { withAll = !withAll; arrange(); };
  let waiting = 0;
  byId("words").oninput = () => { clearTimeout(waiting); waiting = setTimeout(search, 200); };
  byId("grid").onscroll = () => requestAnimationFrame(() => draw(false));
  byId("space").onclick = (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    focus = Number(tile.dataset.place);
    if (event.shiftKey || event.ctrlKey || event.metaKey) pick(order[focus]); else open(focus);
  };
  byId("space").addEventListener("focusin", (event) => {
    if (event.target.dataset.place !== undefined) focus = Number(event.target.dataset.place);
  });
  byId("grid").onkeydown = (event) => {
    const page = columns * Math.max(1, Math.floor(byId("grid").clientHeight / tall()));
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page,
      Home: -G.n, End: G.n }[event.key];
    if (step) moveTo(focus + step);
    else if (event.key === " ") pick(order[focus]);
    else if (event.key === "m") like(order[focus]);
    else return;
    event.preventDefault();
  };
  byId("previous").onclick = () => open(focus - 1);
  byId("next").onclick = () => open(focus + 1);
  byId("like").onclick = () => like(order[focus]);
  byId("pick").onclick = () => pick(order[focus]);
  byId("close").onclick = () => byId("detail").close();
  byId("detail").onclose = () => moveTo(focus);
  byId("detail").onclick = (event) => { if (event.target === byId("detail")) byId("detail").close(); };
  byId("detail").onkeydown = (event) => {
    if (event.key === "ArrowRight") open(focus + 1);
    else if (event.key === "ArrowLeft") open(focus - 1);
    else if (event.key === "m") like(order[focus]);
    else return;
    event.preventDefault();
  };
  byId("save").onclick = save;
  byId("clear").onclick = () => { picked.clear(); tell(); draw(false); };
  new ResizeObserver(() => { measure(); draw(); if (byId("detail").open) placeBox(order[focus]); }).observe(byId("grid"));
  measure();
  chips();
  arrange();
})();
