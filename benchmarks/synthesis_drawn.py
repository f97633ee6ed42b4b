"""How near synthetic faces of drawn people come to what these people are drawn with: part of `synthesis.py`."""

import time
from pathlib import Path

import numpy as np

from fecemo.data.model_files import require_model
from fecemo.drawn import (
    EMOTIONS,
    PROTOTYPES,
    Capture,
    Expression,
    FaceParameters,
    Identity,
    Nuisance,
    draw_face,
    sample_expression,
    sample_identity,
)
from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.expression_map import fit_expression_map
from fecemo.imaging.landmarks.expression_means import ExpressionChange, mean_expression
from fecemo.imaging.landmarks.mesh import FaceMesh, find_mesh
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.imaging.landmarks.synthesis import FaceSynthesizer, PhotographedFace

MODEL = Path("face_landmarker.task")
DONORS, PEOPLE = 12, 6
LIPS = (61, 0, 291, 17)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 46, 53, 52, 65, 55, 276, 283, 282, 295, 285)
MOVED = {"happy": (LIPS,), "contempt": (LIPS,)}
"""What an expression moves by its action units, where that is not the mouth and the brows: no brow."""


def on_drawn_faces(picture: Path | None = None) -> dict[str, object]:
    """Return, by emotion, how much nearer drawn people come to what they are drawn with, and seconds a face."""
    landmarker, rng = FaceLandmarker(require_model(MODEL)), np.random.default_rng(0)

    def drawn(expression: Expression, identity: Identity) -> tuple[PhotographedFace, FaceMesh]:
        face = draw_face(FaceParameters(expression, Nuisance(identity, Capture())), 200)
        mesh = find_mesh(face, landmarker)
        return PhotographedFace(face, mesh.landmarks), mesh

    shown = {name: [drawn(sample_expression(rng, name), who) for who in people]
             for people in [[sample_identity(rng) for _ in range(DONORS)]] for name in EMOTIONS}
    every = [mesh for pairs in shown.values() for _, mesh in pairs]
    learnt = fit_expression_map(np.stack([mesh.blendshapes for mesh in every]),
                                align(np.stack([mesh.landmarks for mesh in every])))
    synthesizer = FaceSynthesizer(learnt.mean_mesh)
    means = {name: mean_expression(np.stack([mesh.blendshapes for _, mesh in pairs]),
                                   align(np.stack([mesh.landmarks for _, mesh in pairs])),
                                   [synthesizer.creases(face) for face, _ in pairs]) for name, pairs in shown.items()}
    people = [sample_identity(rng) for _ in range(PEOPLE)]
    neutral = [drawn(Expression(), who) for who in people]
    shares: dict[str, list[tuple[float, float]]] = {}
    sheet, seconds, nearest = [[face.pixels for face, _ in neutral[:3]]], 0.0, []
    for name in EMOTIONS[1:]:
        strong = Expression(**{**PROTOTYPES[name].core, **PROTOTYPES[name].variants[-1]})
        true, change = [drawn(strong, who) for who in people], ExpressionChange(learnt, means["neutral"], means[name])
        made = []
        for person, ((before, mesh), (truth, _)) in enumerate(zip(neutral, true, strict=True)):
            donor, donor_mesh = true[(person + 1) % PEOPLE]
            start = time.process_time()
            ends = synthesizer.moved(before.landmarks, change.move(mesh.blendshapes, donor_mesh.blendshapes), 1.0)
            if ends is None:
                continue
            made.append(synthesizer.render(before, ends[0], donor, ends[1] * change.creases))
            seconds += time.process_time() - start
            parts = MOVED.get(name, (LIPS, BROWS))
            shares.setdefault(name, []).append(_nearer(made[-1], ends[0], before, truth, parts))
            nearest.append(int(np.argmin([np.abs(made[-1].astype(float) - face.pixels).mean() for face, _ in true]))
                           == person)
        sheet += [[face.pixels for face, _ in true[:3]], made[:3]]
    if picture is not None:
        import cv2

        columns = [np.vstack([row[person] for row in sheet]) for person in range(3)]
        cells = [np.hstack([column[200 * number:200 * number + 200] for number in (0, *range(first, len(sheet), 2))])
                 for column in columns for first in (1, 2)]
        small = cv2.resize(np.vstack(cells), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(picture), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return {"people": PEOPLE, "donors": DONORS, "cpu_ms": 1000 * seconds / len(nearest),
            "own_is_nearest": float(np.mean(nearest)),
            "emotions": {name: {"pixels": float(np.mean([pixels for pixels, _ in values])),
                                "pixels_worst": float(max(pixels for pixels, _ in values)),
                                "landmarks": float(np.mean([places for _, places in values]))}
                         for name, values in shares.items()}}


def _nearer(made: np.ndarray, mesh: np.ndarray, before: PhotographedFace, truth: PhotographedFace,
            parts: tuple[tuple[int, ...], ...]) -> tuple[float, float]:
    """Return the distance that is left to the true face, as a share of the neutral one's: of pixels, of landmarks."""
    pixels, places = np.zeros(2), np.zeros(2)
    for part in parts:
        ends = np.concatenate([before.landmarks[list(part)], truth.landmarks[list(part)]])[:, :2]
        (left, top), (right, bottom) = (ends.min(axis=0) - 8).astype(int), (ends.max(axis=0) + 9).astype(int)
        around = np.s_[top:bottom, left:right]
        pixels += [np.abs(face[around].astype(float) - truth.pixels[around]).sum() for face in (made, before.pixels)]
        places += [np.linalg.norm((points - truth.landmarks)[list(part), :2], axis=1).sum()
                   for points in (mesh, before.landmarks)]
    return float(pixels[0] / pixels[1]), float(places[0] / places[1])
