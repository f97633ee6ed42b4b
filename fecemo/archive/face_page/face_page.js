// Photographs → faces → what each shows, in this page alone: YuNet and an exported model by onnxruntime-web.
// The steps are those of 01_detect.py, so that page and program cut out and name the same faces.
import * as ort from "./ort/ort.wasm.min.mjs";

const NETWORK_SIDE = 640, CLOSE = 256, STRIDES = [8, 16, 32], SAME = 0.3, WITHIN = 0.65;
const MIN_SCORE = 0.7, MIN_SIZE = 32, MARGIN = 0.2, MAX_PIXELS = 50e6, SHOWN_SIDE = 1280;
const COLOURS = ["#0b5d7a", "#9a3412", "#3f6212", "#6b21a8", "#9f1239", "#1e40af", "#854d0e", "#155e75"];
const element = (id) => document.getElementById(id);
const rows = [];
let detector, model, about, camera = null;

function say(words, fault = false) {
  element("status").textContent = words;
  element("status").classList.toggle("fault", fault);
}

async function load() {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
  about = await (await fetch("model.json")).json();
  element("title").textContent = document.title = about.title;
  element("notice").textContent = about.notice;
  const card = document.createElement("a");
  card.href = "model_card.md";
  card.textContent = "Model card";
  element("about").append(about.calibrated ? "Confidences are calibrated on labelled faces. "
    : "Confidences are not calibrated. ", card);
  const options = {executionProviders: ["wasm"], logSeverityLevel: 3};
  detector = await ort.InferenceSession.create("detector.onnx", options);
  model = await ort.InferenceSession.create("model.onnx", options);
  for (const id of ["files", "camera"]) element(id).disabled = false;
  say("Ready.");
}

// Pixels of a picture {width, height, data: RGBA}, averaged over areas: float RGB of the smaller size.
function reduced(picture, width, height) {
  const shares = (length, areas) => Array.from({length: areas}, (_, area) => {
    const start = area * length / areas, end = (area + 1) * length / areas, parts = [];
    for (let pixel = Math.floor(start); pixel < Math.min(length, Math.ceil(end)); pixel++) {
      const share = Math.min(end, pixel + 1) - Math.max(start, pixel);
      if (share > 1e-9) parts.push([pixel, share * areas / length]);
    }
    return parts;
  });
  const columns = shares(picture.width, width), lines = shares(picture.height, height);
  const made = new Float32Array(width * height * 3), line = new Float32Array(picture.width * 3);
  lines.forEach((parts, y) => {
    line.fill(0);
    for (const [from, share] of parts) {
      let at = from * picture.width * 4;
      for (let x = 0; x < picture.width * 3; x += 3, at += 4) {
        line[x] += share * picture.data[at];
        line[x + 1] += share * picture.data[at + 1];
        line[x + 2] += share * picture.data[at + 2];
      }
    }
    columns.forEach((pieces, x) => {
      const to = (y * width + x) * 3;
      for (const [from, share] of pieces) for (let c = 0; c < 3; c++) made[to + c] += share * line[from * 3 + c];
    });
  });
  return made.map(Math.round);
}

// Boxes and scores at one scale, in pixels of the picture.
async function candidates(picture, scale) {
  const width = Math.max(1, Math.round(picture.width * scale)), height = Math.max(1, Math.round(picture.height * scale));
  const small = reduced(picture, width, height), plane = NETWORK_SIDE * NETWORK_SIDE;
  const pixels = new Float32Array(3 * plane);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const from = (y * width + x) * 3, to = y * NETWORK_SIDE + x;
    for (let c = 0; c < 3; c++) pixels[(2 - c) * plane + to] = small[from + c];  // blue, green, red
  }
  const out = await detector.run({input: new ort.Tensor("float32", pixels, [1, 3, NETWORK_SIDE, NETWORK_SIDE])});
  const boxes = [];
  for (const stride of STRIDES) {
    const across = NETWORK_SIDE / stride, classes = out[`cls_${stride}`].data, objects = out[`obj_${stride}`].data;
    const sides = out[`bbox_${stride}`].data, clamp = (share) => Math.min(1, Math.max(0, share));
    for (let place = 0; place < classes.length; place++) {
      const score = Math.sqrt(clamp(classes[place]) * clamp(objects[place]));
      if (score < MIN_SCORE) continue;
      const middleX = (place % across + sides[4 * place]) * stride;
      const middleY = (Math.floor(place / across) + sides[4 * place + 1]) * stride;
      const halfX = Math.exp(sides[4 * place + 2]) * stride / 2, halfY = Math.exp(sides[4 * place + 3]) * stride / 2;
      const clip = (value, most) => Math.min(most, Math.max(0, value));
      boxes.push({score, left: clip(middleX - halfX, width) * picture.width / width,
        right: clip(middleX + halfX, width) * picture.width / width,
        top: clip(middleY - halfY, height) * picture.height / height,
        bottom: clip(middleY + halfY, height) * picture.height / height});
    }
  }
  return boxes.filter((box) => Math.min(box.right - box.left, box.bottom - box.top) >= MIN_SIZE);
}

function kept(boxes) {
  const area = (box) => (box.right - box.left) * (box.bottom - box.top), chosen = [];
  for (const box of boxes.sort((a, b) => b.score - a.score)) {
    const covered = chosen.some((other) => {
      const common = Math.max(0, Math.min(box.right, other.right) - Math.max(box.left, other.left))
        * Math.max(0, Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top));
      return common > SAME * (area(box) + area(other) - common) || common > WITHIN * Math.min(area(box), area(other));
    });
    if (!covered) chosen.push(box);
  }
  return chosen.sort((a, b) => a.left - b.left || a.right - b.right);
}

// The square around a box, a fifth larger, moved inside the picture where it fits: what is cut out.
function square(box, picture) {
  const grown = (low, high) => [low - (high - low) * MARGIN / 2, high + (high - low) * MARGIN / 2];
  const across = grown(box.left, box.right), down = grown(box.top, box.bottom);
  const side = Math.max(across[1] - across[0], down[1] - down[0]);
  const inside = ([low, high], limit) => {
    let start = (low + high - side) / 2;
    if (side <= limit) start = Math.min(Math.max(start, 0), limit - side);
    return [Math.round(Math.max(start, 0)), Math.round(Math.min(start + side, limit))];
  };
  const [left, right] = inside(across, picture.width), [top, bottom] = inside(down, picture.height);
  return {left, top, width: right - left, height: bottom - top};
}

async function facesOf(picture) {
  const longest = Math.max(picture.width, picture.height), overview = Math.min(1, NETWORK_SIDE / longest);
  let boxes = await candidates(picture, overview);
  if (!boxes.length && CLOSE / longest < overview) boxes = await candidates(picture, CLOSE / longest);
  const faces = [];
  for (const box of kept(boxes)) {
    const cut = square(box, picture);
    if (cut.width < 1 || cut.height < 1) continue;
    const pixels = new Uint8Array(cut.width * cut.height * 3);
    for (let y = 0; y < cut.height; y++) for (let x = 0; x < cut.width; x++) {
      const from = ((cut.top + y) * picture.width + cut.left + x) * 4, to = (y * cut.width + x) * 3;
      for (let c = 0; c < 3; c++) pixels[to + c] = picture.data[from + c];
    }
    const out = await model.run({image: new ort.Tensor("uint8", pixels, [1, cut.height, cut.width, 3])},
      ["probabilities"]);
    const shares = Array.from(out.probabilities.data), most = Math.max(...shares);
    faces.push({box, shares, confidence: most, shows: most > 0 ? about.labels[shares.indexOf(most)] : ""});
  }
  return faces;
}

const inWords = (face) => face.shows ? `shows ${face.shows}, ${face.confidence.toFixed(2)}` : "shows nothing that has a name";

// The picture with its faces drawn on it, at most SHOWN_SIDE pixels a side.
function draw(canvas, source, width, height, faces) {
  const scale = Math.min(1, SHOWN_SIDE / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d"), unit = Math.max(12, Math.max(canvas.width, canvas.height) / 26);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  pen.font = `600 ${unit}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  faces.forEach((face, number) => {
    const {left, right, top, bottom} = face.box, colour = COLOURS[about.labels.indexOf(face.shows) % COLOURS.length] ?? "#444";
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = unit / 6;
    pen.strokeRect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
    const words = `${number + 1} ${face.shows} ${face.shows ? face.confidence.toFixed(2) : ""}`.trim();
    const wide = pen.measureText(words).width + unit * 0.7, high = unit * 1.4;
    const x = Math.max(0, Math.min(left * scale - unit / 12, canvas.width - wide));
    const y = top * scale >= high ? top * scale - high : Math.min(bottom * scale, canvas.height - high);
    pen.fillRect(x, y, wide, high);
    pen.fillStyle = "#fff";
    pen.fillText(words, x + unit * 0.35, y + high / 2);
  });
  canvas.setAttribute("aria-label", faces.length ? faces.map((face, number) => `face ${number + 1} ${inWords(face)}`).join("; ")
    : "no face");
}

function pixelsOf(source, width, height) {
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.drawImage(source, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

async function label(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, {imageOrientation: "from-image", colorSpaceConversion: "none"});
  } catch {
    return `${file.name} is no picture that this browser reads`;
  }
  const {width, height} = bitmap;
  if (width * height > MAX_PIXELS) return `${file.name} has ${width * height} pixels, more than ${MAX_PIXELS}`;
  const faces = await facesOf(pixelsOf(bitmap, width, height));
  const figure = document.createElement("figure"), canvas = document.createElement("canvas");
  const caption = document.createElement("figcaption"), list = document.createElement("ol");
  canvas.setAttribute("role", "img");
  draw(canvas, bitmap, width, height, faces);
  bitmap.close();
  caption.textContent = file.name;
  for (const face of faces) {
    const item = document.createElement("li");
    item.textContent = inWords(face);
    list.append(item);
    const {left, right, top, bottom, score} = face.box;
    rows.push([file.name, left / width, right / width, top / height, bottom / height, score, face.shows, face.confidence, ...face.shares]);
  }
  const none = document.createElement("p");
  none.className = "of";
  none.textContent = "No face of at least 32 pixels.";
  figure.append(canvas, caption, faces.length ? list : none);
  element("results").append(figure);
  element("clear").disabled = false;
  element("save").disabled = !rows.length;
  return "";
}

async function labelAll(files) {
  const faults = [];
  let done = 0;
  for (const file of files) {
    say(`Reading ${file.name} (${++done} of ${files.length}) …`);
    const fault = await label(file);
    if (fault) faults.push(fault);
  }
  const count = files.length - faults.length;
  say([...faults, `${count} ${count === 1 ? "photograph" : "photographs"} read.`].join(". "), faults.length > 0);
}

function csv() {
  const cell = (value) => {
    let text = typeof value === "number" ? value.toFixed(6) : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;  // no formula in a spreadsheet
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const heading = ["photo", "left", "right", "top", "bottom", "score", "shows", "confidence", ...about.labels];
  return [heading, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

async function watch() {
  const video = element("video");
  try {
    camera = await navigator.mediaDevices.getUserMedia({video: {facingMode: "user", width: {ideal: 640}}});
  } catch (error) {
    say(`The camera is not available: ${error.message}`, true);
    return;
  }
  video.srcObject = camera;
  await video.play();
  element("live").hidden = false;
  element("camera").textContent = "Stop the camera";
  say("The camera is on.");
  while (camera) {
    const width = video.videoWidth, height = video.videoHeight, started = performance.now();
    const frame = await createImageBitmap(video), faces = await facesOf(pixelsOf(frame, width, height));
    draw(element("frame"), frame, width, height, faces);
    frame.close();
    const words = faces.map((face, number) => `${number + 1} ${inWords(face)}`).join("; ") || "No face.";
    element("seen").textContent = `${words} (${Math.round(performance.now() - started)} ms)`;
    await new Promise(requestAnimationFrame);
  }
}

function stop() {
  camera.getTracks().forEach((track) => track.stop());
  camera = null;
  element("live").hidden = true;
  element("camera").textContent = "Use the camera";
  say("The camera is off.");
}

element("files").addEventListener("change", async (event) => {
  await labelAll([...event.target.files]);
  event.target.value = "";
});
element("camera").addEventListener("click", () => camera ? stop() : watch());
element("clear").addEventListener("click", () => {
  rows.length = 0;
  element("results").replaceChildren();
  element("save").disabled = element("clear").disabled = true;
  say("Cleared.");
});
element("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], {type: "text/csv"}));
  link.download = "faces.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && model && event.dataTransfer.files.length) labelAll([...event.dataTransfer.files]);
  });
}
load().catch((error) => say(`The model cannot be loaded: ${error.message}. Open this folder through a web server.`, true));
