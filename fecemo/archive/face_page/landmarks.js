// The mesh of a face that is cut out, and what is measured on it, as 02_landmarks.py does: the steps of
// fecemo/imaging/landmarks/{mesh,alignment,features}.py, whose constants come with the page as `known`.
const {PI, atan2, cos, floor, hypot, max, min, sin} = Math;
const middleOf = (points) => [0, 1, 2].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
const apart = (a, b) => hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

// A turned square {x, y, angle, side} of a picture, upright: what lies outside repeats the picture's edge.
export function cut({width, height, data}, {x, y, angle, side}, places) {
  const scale = side / places, middle = (places - 1) / 2, made = new Uint8ClampedArray(places * places * 3);
  const [c, s] = [cos(angle) * scale, sin(angle) * scale], inside = (value, most) => min(most - 1, max(0, value));
  for (let down = 0, to = 0; down < places; down++) for (let along = 0; along < places; along++) {
    const atX = x + c * (along - middle) - s * (down - middle), atY = y + s * (along - middle) + c * (down - middle);
    const left = floor(atX), top = floor(atY), right = atX - left, below = atY - top;
    const [x0, x1] = [inside(left, width), inside(left + 1, width)];
    const [y0, y1] = [inside(top, height) * width, inside(top + 1, height) * width];
    for (let channel = 0; channel < 3; channel++) {
      const level = (at) => data[3 * at + channel];
      made[to++] = Math.round((1 - below) * ((1 - right) * level(y0 + x0) + right * level(y0 + x1))
        + below * ((1 - right) * level(y1 + x0) + right * level(y1 + x1)));
    }
  }
  return made;
}

// Points of the upright square, in its pixels, in pixels of the picture.
export function toPicture(points, {x, y, angle, side}, places) {
  const scale = side / places, middle = (places - 1) / 2, [c, s] = [cos(angle), sin(angle)];
  return points.map(([across, down, deep]) => [
    (c * (across - middle) - s * (down - middle)) * scale + x,
    (s * (across - middle) + c * (down - middle)) * scale + y, deep * scale]);
}

// The square in which a mesh stands upright, with a margin around it.
export function regionOf(mesh, known) {
  const [right, left] = [mesh[known.right_eye], mesh[known.left_eye]];
  const angle = atan2(left[1] - right[1], left[0] - right[0]), [c, s] = [cos(angle), sin(angle)];
  let lowX = Infinity, lowY = Infinity, highX = -Infinity, highY = -Infinity;
  for (const [x, y] of mesh) {
    const across = c * x + s * y, down = c * y - s * x;
    [lowX, highX, lowY, highY] = [min(lowX, across), max(highX, across), min(lowY, down), max(highY, down)];
  }
  const across = (lowX + highX) / 2, down = (lowY + highY) / 2;
  return {x: c * across - s * down, y: s * across + c * down, angle,
    side: known.margin * max(highX - lowX, highY - lowY)};
}

function isNear(region, other, known) {
  return hypot(other.x - region.x, other.y - region.y) < known.near.shift * region.side
    && Math.abs(other.angle - region.angle) < known.near.angle
    && Math.abs(other.side - region.side) < known.near.side * region.side;
}

// The rotation of 3-D points that brings some of them nearest to others, both about 0: the quaternion of Horn (1987),
// the eigenvector of the largest eigenvalue of a symmetric 4 × 4 matrix, by Jacobi's turns. Returns how a point is
// turned, and how much of the other points' extent the turned ones cover.
function turnTowards(points, head) {
  const sums = [0, 1, 2].map((i) => [0, 1, 2].map((j) => points.reduce((sum, p, n) => sum + p[i] * head[n][j], 0)));
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = sums;
  const m = [[xx + yy + zz, yz - zy, zx - xz, xy - yx], [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy], [xy - yx, zx + xz, yz + zy, zz - xx - yy]];
  const axes = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => Number(i === j)));
  for (let sweep = 0; sweep < 30; sweep++) for (let p = 0; p < 3; p++) for (let q = p + 1; q < 4; q++) {
    const angle = atan2(2 * m[p][q], m[q][q] - m[p][p]) / 2, [c, s] = [cos(angle), sin(angle)];
    for (const lines of [m, axes]) for (const line of lines) {
      [line[p], line[q]] = [c * line[p] - s * line[q], s * line[p] + c * line[q]];
    }
    [m[p], m[q]] = [m[p].map((v, k) => c * v - s * m[q][k]), m[q].map((v, k) => s * m[p][k] + c * v)];
  }
  const best = [0, 1, 2, 3].reduce((a, b) => m[b][b] > m[a][a] ? b : a);
  const [w, x, y, z] = axes.map((line) => line[best]);
  const rotation = [[w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z]];
  return {turn: (p) => rotation.map((line) => line[0] * p[0] + line[1] * p[1] + line[2] * p[2]), covered: m[best][best]};
}

// The distances of a mesh as shares of the face's height; see `fecemo.imaging.landmarks.features.distances`.
export function distancesOf(mesh, known) {
  const skull = known.head.map(([number]) => mesh[number]), head = known.head.map(([, ...place]) => place);
  const about = (points) => points.map((point) => point.map((value, axis) => value - middleOf(points)[axis]));
  const moved = about(skull), {turn, covered} = turnTowards(moved, about(head));
  const scale = covered / moved.reduce((sum, [x, y, z]) => sum + x * x + y * y + z * z, 0);
  const down = (number) => scale * turn(mesh[number])[1];
  const height = scale * apart(mesh[known.forehead], mesh[known.chin]);
  return Float32Array.from([...known.between.map(([a, b]) => scale * apart(mesh[a], mesh[b])),
    ...known.below.map(([lower, upper]) => down(lower) - down(upper))].map((length) => length / height));
}

export class Landmarks {
  // `networks` are sessions of onnxruntime: of the mesh, and of the blendshapes.
  constructor(ort, networks, known) {
    Object.assign(this, {ort, networks, known});
  }

  async look(face, region) {
    const {places} = this.known, pixels = Float32Array.from(cut(face, region, places), (level) => level / 255);
    const network = this.networks.mesh;
    const out = await network.run({[network.inputNames[0]]: new this.ort.Tensor("float32", pixels,
      [1, places, places, 3])});
    const [flat, logit] = network.outputNames.slice(0, 2).map((name) => out[name].data), points = [];
    for (let at = 0; at < flat.length; at += 3) points.push([flat[at], flat[at + 1], flat[at + 2]]);
    return {region, points, score: 0.5 + 0.5 * Math.tanh(0.5 * logit[0])};
  }

  // What is measured on a face {width, height, data: RGB}, by column.
  async measure(face) {
    const {known} = this, middle = (face.width - 1) / 2;
    let best = {score: -1};
    for (const share of known.first_shares) {
      const look = await this.look(face, {x: middle, y: middle, angle: 0, side: share * face.width});
      if (look.score > best.score) best = look;
      if (look.score >= known.sure) break;
    }
    const closer = regionOf(toPicture(best.points, best.region, known.places), known);
    const [shortest, longest] = known.likely_shares.map((share) => share * face.width);
    const seen = best.score >= known.sure && isNear(best.region, closer, known);
    if (shortest <= closer.side && closer.side <= longest && !seen) best = await this.look(face, closer);
    const network = this.networks.blendshapes;
    const entering = Float32Array.from(known.input_landmarks.flatMap((number) => best.points[number].slice(0, 2)));
    const out = await network.run({[network.inputNames[0]]: new this.ort.Tensor("float32", entering,
      [1, known.input_landmarks.length, 2])});
    const shapes = out[network.outputNames[0]].data;
    return {"landmark_features.distances": distancesOf(toPicture(best.points, best.region, known.places), known),
      "landmark_features.blendshapes": Float32Array.from(known.blendshapes, (number) => shapes[number])};
  }
}
