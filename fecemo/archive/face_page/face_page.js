// Photographs → faces → what each shows, in this page alone: YuNet and an exported model by onnxruntime-web.
// The steps are those of 01_detect.py, so that page and program cut out and name the same faces.
import * as ort from "./ort/ort.wasm.min.mjs";
import {Landmarks} from "./landmarks.js";

const OVERVIEW = 640, CLOSE = 256, STRIDES = [8, 16, 32], SAME = 0.3, WITHIN = 0.65;
const MIN_SCORE = 0.7, MIN_SIZE = 32, MARGIN = 0.2, FACE_SIDE = 200, MAX_PIXELS = 50e6, SHOWN_SIDE = 1280;
const COLOURS = ["#0b5d7a", "#9a3412", "#3f6212", "#6b21a8", "#9f1239", "#1e40af", "#854d0e", "#155e75"];
const element = (id) => document.getElementById(id);
const rows = [];
let detector, model, about, landmarks = null, camera = null;

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
  if (about.landmarks) landmarks = new Landmarks(ort, {mesh: await ort.InferenceSession.create("mesh.onnx", options),
    blendshapes: await ort.InferenceSession.create("blendshapes.onnx", options)}, about.landmarks);
  for (const id of ["files", "camera"]) element(id).disabled = false;
  say("Ready.");
}

// How much of each pixel goes into each of some places along an axis: averages over areas, where it shrinks.
function areas(length, places) {
  return Array.from({length: places}, (_, place) => {
    const start = place * length / places, end = (place + 1) * length / places, parts = [];
    for (let pixel = Math.floor(start); pixel < Math.min(length, Math.ceil(end)); pixel++) {
      const share = Math.min(end, pixel + 1) - Math.max(start, pixel);
      if (share > 1e-9) parts.push([pixel, share * places / length]);
    }
    return parts;
  });
}

// Likewise cubic interpolation, as OpenCV has it, where it grows.
function cubics(length, places) {
  const near = (x) => (1.25 * x - 2.25) * x * x + 1, far = (x) => ((-0.75 * x + 3.75) * x - 6) * x + 3;
  return Array.from({length: places}, (_, place) => {
    const middle = (place + 0.5) * length / places - 0.5, whole = Math.floor(middle), rest = middle - whole;
    const weights = [far(rest + 1), near(rest), near(1 - rest)];
    weights.push(1 - weights[0] - weights[1] - weights[2]);
    return weights.map((weight, step) => [Math.min(length - 1, Math.max(0, whole + step - 1)), weight]);
  });
}

// A picture {width, height, data: RGBA} in another size, as RGB in whole levels.
function resampled(picture, width, height, weights) {
  const columns = weights(picture.width, width), lines = weights(picture.height, height);
  const made = new Uint8ClampedArray(width * height * 3), line = new Float32Array(picture.width * 3);
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
      for (let c = 0; c < 3; c++) {
        let level = 0;
        for (const [from, share] of pieces) level += share * line[from * 3 + c];
        made[(y * width + x) * 3 + c] = Math.round(level);
      }
    });
  });
  return made;
}

// Boxes and scores at one scale, in pixels of the picture.
async function candidates(picture, scale) {
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const wide = Math.ceil(width / 32) * 32, high = Math.ceil(height / 32) * 32;  // filled up with black
  const small = resampled(picture, width, height, areas), plane = wide * high, pixels = new Float32Array(3 * plane);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const from = (y * width + x) * 3, to = y * wide + x;
    for (let c = 0; c < 3; c++) pixels[(2 - c) * plane + to] = small[from + c];  // blue, green, red
  }
  const out = await detector.run({input: new ort.Tensor("float32", pixels, [1, 3, high, wide])});
  const boxes = [];
  for (const stride of STRIDES) {
    const across = wide / stride, classes = out[`cls_${stride}`].data, objects = out[`obj_${stride}`].data;
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

// What enters the model for a face of 200 pixels: the face itself, or what is measured on it.
async function entering(face) {
  const feeds = {};
  if (about.columns.includes("cut")) {
    feeds.image = new ort.Tensor("uint8", new Uint8Array(face.buffer), [1, FACE_SIDE, FACE_SIDE, 3]);
  }
  if (landmarks) {
    const measured = await landmarks.measure({width: FACE_SIDE, height: FACE_SIDE, data: face});
    for (const column of about.columns) if (measured[column]) {
      feeds[column.replace(".", "_")] = new ort.Tensor("float32", measured[column], [1, measured[column].length]);
    }
  }
  return feeds;
}

async function facesOf(picture) {
  const longest = Math.max(picture.width, picture.height), overview = Math.min(1, OVERVIEW / longest);
  let boxes = await candidates(picture, overview);
  if (!boxes.length && CLOSE / longest < overview) boxes = await candidates(picture, CLOSE / longest);
  const faces = [];
  for (const box of kept(boxes)) {
    const cut = square(box, picture);
    if (cut.width < 1 || cut.height < 1) continue;
    const data = new Uint8ClampedArray(cut.width * cut.height * 4);
    for (let y = 0; y < cut.height; y++) {
      const from = ((cut.top + y) * picture.width + cut.left) * 4;
      data.set(picture.data.subarray(from, from + cut.width * 4), y * cut.width * 4);
    }
    const shrinks = cut.width >= FACE_SIDE && cut.height >= FACE_SIDE;
    const face = resampled({...cut, data}, FACE_SIDE, FACE_SIDE, shrinks ? areas : cubics);
    const out = await model.run(await entering(face), ["probabilities"]);
    const shares = Array.from(out.probabilities.data), most = Math.max(...shares);
    faces.push({box, shares, confidence: most, shows: most > 0 ? about.labels[shares.indexOf(most)] : ""});
  }
  return faces;
}

const inWords = (face) => face.shows ? `shows ${face.shows}, ${face.confidence.toFixed(2)}`
  : "shows nothing that has a name";
const listed = (faces) => faces.map((face, number) => `${number + 1} ${inWords(face)}`).join("; ");

// The picture with its faces drawn on it, at most SHOWN_SIDE pixels a side.
function draw(canvas, source, width, height, faces) {
  const scale = Math.min(1, SHOWN_SIDE / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d"), longest = Math.max(canvas.width, canvas.height);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  pen.textBaseline = "middle";
  faces.forEach((face, number) => {
    const {left, right, top, bottom} = face.box, words = `${number + 1} ${face.shows} ${face.shows
      ? face.confidence.toFixed(2) : ""}`.trim();
    // Smaller over small faces, so that neighbours keep apart.
    const font = (size) => `600 ${size}px system-ui, sans-serif`;
    let size = Math.max(12, longest / 26);
    pen.font = font(size);
    size = Math.max(12, longest / 44, size * Math.min(1, 1.2 * (right - left) * scale / pen.measureText(words).width));
    pen.font = font(size);
    pen.strokeStyle = pen.fillStyle = COLOURS[about.labels.indexOf(face.shows) % COLOURS.length] ?? "#444";
    pen.lineWidth = Math.max(2, longest / 160);
    pen.strokeRect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
    const wide = pen.measureText(words).width + size * 0.7, high = size * 1.4;
    const x = Math.max(0, Math.min(left * scale - pen.lineWidth / 2, canvas.width - wide));
    const y = top * scale >= high ? top * scale - high : Math.min(bottom * scale, canvas.height - high);
    pen.fillRect(x, y, wide, high);
    pen.fillStyle = "#fff";
    pen.fillText(words, x + size * 0.35, y + high / 2);
  });
  canvas.setAttribute("aria-label", listed(faces) || "no face");
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
    rows.push([file.name, left / width, right / width, top / height, bottom / height, score, face.shows,
      face.confidence, ...face.shares]);
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
    element("seen").textContent = `${listed(faces) || "No face."} (${Math.round(performance.now() - started)} ms)`;
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
load().catch((error) => say(`The model cannot be loaded: ${error.message}. Open this folder by a web server.`, true));
