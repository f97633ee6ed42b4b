"""The same person with another expression: a photograph whose mesh is moved, its pixels with it.

Nothing outside of a ring around the face moves, and between the face's edge and the ring the move fades, so that the
face stays joined to its photograph. Where many donors crease their skin, the photograph's is darkened, too. A mouth
that opens shows the interior of the donor's, in the light of the photograph, or a dark one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import skull_similarities
from fecemo.imaging.warp import areas, inverse_warp, triangulate

RING = 1.5
"""The ring is the face's edge, so many times as far from its middle."""
TURNED_OVER = 0.005
"""Share of a face's area that may turn over when it is moved: slivers along lids and lips, which nobody sees."""
SHRINK, SHRINKS = 0.8, 5
"""By what a gain is multiplied where triangles turn over, and how often, before the face is left out."""
FOLDED = 0.02
"""Share of a face's area that may be folded in the photograph itself, as by a head that is turned."""
OPEN = 0.03
"""Mean distance of the lips' inner edges, as a share of the distance between the eyes, from which a mouth is open."""
DARK = 0.3
"""Brightness of a mouth's interior that nobody shows, as a share of the lips'."""
CONTRASTS = (0.67, 1.25)
"""Between these, the contrast of a donor's mouth is brought to the photograph's."""
TONES = (1, 99)
"""Percentiles of the photograph's brightness beyond which no part of its new mouth is darker or brighter."""
CREASE_SIDE, CREASE_UNIT, CREASE_MIDDLE = 200, 78.0, (99.5, 80.0)
"""Side of the picture in which creases of all faces lie alike, pixels of its unit, and where the mesh's origin is."""
CREASE_WIDTH = 12.0
"""Standard deviation in pixels of the neighbourhood in which a crease is dark: wider shadows are light, not skin."""
DARKEST = 16.0
"""Gray levels added before the logarithm is taken, so that noise in the dark is no crease."""
FADE = 4.0
"""Standard deviation in pixels by which creases fade towards the face's edge."""
TINT = 0.5
"""Share of the skin's colour that the mouth of a donor without any has: between teeth and lips."""
SHADE = 0.4
"""Share of a donor's mouth's brightness that is lost at its edge: what is deeper in the head is darker."""
SMOOTH = 0.8
"""Standard deviation in pixels by which the edge of a mouth's interior is softened."""


@dataclass(frozen=True)
class PhotographedFace:
    """A face and where its landmarks are."""

    pixels: np.ndarray  #: Of shape (side, side, 3), uint8. RGB.
    landmarks: np.ndarray  #: Of shape (478, 3), float64. In pixels of the face.


@dataclass(frozen=True)
class FaceSynthesizer:
    """Moves faces by triangles that are fixed once."""

    standard: np.ndarray  #: Of shape (478, 3), float64. An aligned mesh, such as the mean of many; its mouth is open.

    @cached_property
    def triangles(self) -> np.ndarray:
        """Ndarray of shape (t, 3), int64: Delaunay triangles of the standard mesh and its ring."""
        return triangulate(_with_ring(self.standard, self.standard))

    @cached_property
    def _is_mouth(self) -> np.ndarray:
        """Ndarray of shape (t,), bool: Triangles of the mouth's interior."""
        import cv2

        outline = self.standard[list(points.INNER_LIPS), :2].astype(np.float32)
        middles = _with_ring(self.standard, self.standard)[self.triangles].mean(axis=1)
        inside = np.array([cv2.pointPolygonTest(outline, middle.tolist(), False) > 0 for middle in middles])
        return inside & np.isin(self.triangles, points.INNER_LIPS).all(axis=1)

    @cached_property
    def _freedom(self) -> np.ndarray:
        """Ndarray of shape (478, 1): 1, and along the face's edge 0 above the eyes, rising to 1 at the nose's base."""
        freedom = np.ones(points.N_LANDMARKS)
        edge = list(points.OVAL)
        freedom[edge] = np.clip(self.standard[edge, 1] / self.standard[points.NOSE_BASE, 1], 0, 1)
        return freedom[:, None]

    def is_frontal(self, landmarks: np.ndarray) -> bool:
        """Tell whether nearly all of a face is seen: at most `FOLDED` of its triangles' area shows its back."""
        shown = areas(_with_ring(landmarks, landmarks), self.triangles)[~self._is_mouth]
        return bool(-shown[shown < 0].sum() <= FOLDED * np.abs(shown).sum())

    def moved(self, landmarks: np.ndarray, move: np.ndarray, gain: float) -> tuple[np.ndarray, float] | None:
        """Return the mesh of a photograph with another expression, and the gain with which it was moved.

        p' = p + gain · w · move · T⁻¹, where T is the similarity that aligns the mesh. Lips and lids meet, and do not
        cross. Where triangles would turn over, the gain shrinks; None where that does not help.

        Parameters
        ----------
        landmarks : ndarray of shape (478, 3), float64
            In pixels of the face.
        move : ndarray of shape (478, 3), float64
            Of the aligned mesh.
        gain : float
            At least 0.
        """
        _, (rotation,), (scale,) = skull_similarities(landmarks[None])
        carried, down = self._freedom * move @ rotation.T / scale, rotation[:, 1]
        before = areas(_with_ring(landmarks, landmarks), self.triangles)
        for _ in range(SHRINKS + 1):
            moved = _met(landmarks + gain * carried, landmarks, down)
            after = areas(_with_ring(moved, landmarks), self.triangles)
            if before[(before > 0) & (after <= 0) & ~self._is_mouth].sum() <= TURNED_OVER * before[before > 0].sum():
                return moved, gain
            gain *= SHRINK
        return None

    @cached_property
    def _crease_mesh(self) -> np.ndarray:
        """Ndarray of shape (478, 3): The standard mesh in the picture of creases."""
        mesh: np.ndarray = CREASE_UNIT * self.standard + (*CREASE_MIDDLE, 0)
        return mesh

    @cached_property
    def _crease_share(self) -> np.ndarray:
        """Ndarray of shape (side, side): 1 on the face's skin, 0 beyond its edge."""
        import cv2

        inside = (_inside(self._crease_mesh, points.OVAL, CREASE_SIDE) > 0.5).astype(np.float32)
        eroded = cv2.erode(inside, np.ones((7, 7), np.uint8))  # so that it is 0 at the edge once it is softened
        return np.asarray(cv2.GaussianBlur(eroded, (0, 0), FADE), np.float64)

    def creases(self, photograph: PhotographedFace) -> np.ndarray:
        """Return where skin is darker than around it, with every landmark where the standard mesh has it.

        Returns
        -------
        ndarray of shape (200, 200), float64
            log(L + 16) less its mean in a Gaussian neighbourhood, L being brightness in gray levels. The strength of a
            light, and whatever light varies slowly, has no part in it.
        """
        import cv2

        luma = _luma(photograph.pixels).astype(np.float32)[..., None]
        here, there = (_with_ring(mesh, mesh) for mesh in (photograph.landmarks, self._crease_mesh))
        logs = np.log(inverse_warp(luma, here, there, self.triangles, CREASE_SIDE)[..., 0] + DARKEST)
        return np.asarray(logs - cv2.GaussianBlur(logs, (0, 0), CREASE_WIDTH), np.float64)

    def _creased(self, pixels: np.ndarray, there: np.ndarray, creases: np.ndarray) -> np.ndarray:
        """Return a picture whose skin, of which the points are there, is darker by creases: float64."""
        unmoved = _with_ring(self._crease_mesh, self._crease_mesh)
        skin = (creases * self._crease_share).astype(np.float32)[..., None]
        rise = inverse_warp(skin, unmoved, there, self.triangles, len(pixels))
        return np.clip((pixels + DARKEST) * np.exp(rise.astype(np.float64)) - DARKEST, 0, 255)

    def render(self, photograph: PhotographedFace, moved: np.ndarray, donor: PhotographedFace | None = None,
               creases: np.ndarray | None = None) -> np.ndarray:
        """Return the photograph with its landmarks moved.

        Parameters
        ----------
        moved : ndarray of shape (478, 3), float64
            As `moved` gives them.
        donor : PhotographedFace, optional
            Whose mouth is seen where the photograph's own opens.
        creases : ndarray of shape (200, 200), float, optional
            By how much the logarithm of the skin's brightness rises, in the frame of `creases`.

        Returns
        -------
        ndarray of shape (side, side, 3), uint8
            The photograph itself, exactly, where nothing was moved.
        """
        here, there = (_with_ring(mesh, photograph.landmarks) for mesh in (photograph.landmarks, moved))
        depth = np.concatenate([moved[:points.N_SURFACE, 2], np.full(len(points.OVAL), np.inf)])
        painted = self.triangles[np.argsort(-depth[self.triangles].max(axis=1), kind="stable")]
        warped = inverse_warp(photograph.pixels, here, there, painted)
        if creases is not None:
            warped = np.rint(self._creased(warped, there, creases)).astype(np.uint8)
        open_now = _opening(moved)
        if open_now <= OPEN or open_now <= 2 * _opening(photograph.landmarks):
            return warped  # the photograph shows enough of its own
        if donor is not None and 2 * _opening(donor.landmarks) >= max(open_now, 2 * OPEN):
            interior = self._interior_of(donor, photograph, there) * _shading(moved, len(warped))
        else:
            lips = _inside(photograph.landmarks, (61, 0, 291, 17), photograph.pixels.shape[0]) > 0.5
            tone = photograph.pixels[lips].mean(axis=0) if lips.any() else np.full(3, 128.0)
            interior = np.broadcast_to(DARK * tone, warped.shape)
        share = _inside(moved, points.INNER_LIPS, len(warped))[..., None]
        blended: np.ndarray = np.rint(share * interior + (1 - share) * warped).astype(np.uint8)
        return blended

    def _interior_of(self, donor: PhotographedFace, photograph: PhotographedFace, there: np.ndarray) -> np.ndarray:
        """Return the donor's mouth where the photograph's is to be, in its light: (side, side, 3), float64."""
        unmoved = _with_ring(donor.landmarks, donor.landmarks)
        # All triangles, so that the softened edge meets the donor's lips and not a border.
        mouth = inverse_warp(donor.pixels, unmoved, there, self.triangles[np.argsort(self._is_mouth, kind="stable")])
        theirs, ours = (_luma(face.pixels)[_inside(face.landmarks, points.OVAL, len(face.pixels)) > 0.5]
                        for face in (donor, photograph))
        if not len(theirs) or not len(ours):
            return mouth.astype(np.float64)
        contrast = float(np.clip(ours.std() / max(theirs.std(), 1e-6), *CONTRASTS))
        if _is_gray(photograph.pixels) or _is_gray(donor.pixels):
            skin = photograph.pixels[_inside(photograph.landmarks, points.OVAL, len(photograph.pixels)) > 0.5]
            tint = skin.mean(axis=0) / max(float(ours.mean()), 1.0)
            mouth = (_luma(mouth)[..., None] - theirs.mean()) * contrast + ours.mean()
            return np.clip(np.clip(mouth, *np.percentile(ours, TONES)) * (1 + TINT * (tint - 1)), 0, 255)
        mouth = mouth.astype(np.float64)
        return np.clip((mouth - theirs.mean()) * contrast + ours.mean(), *np.percentile(ours, TONES))


def _with_ring(mesh: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """Return the points of triangles: the mesh's surface, and the ring around the photograph's face; (504, 2)."""
    edge = photograph[list(points.OVAL), :2]
    middle = edge.mean(axis=0)
    return np.concatenate([mesh[:points.N_SURFACE, :2], middle + RING * (edge - middle)])


def _met(moved: np.ndarray, landmarks: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return a mesh of which lips and lids that would have crossed, and did not before, meet in their middle."""
    met = moved.copy()
    for upper, lower in (*points.LIP_PAIRS, *points.LID_PAIRS):
        if (met[lower] - met[upper]) @ down < min(0.0, float((landmarks[lower] - landmarks[upper]) @ down)):
            met[[upper, lower]] = (met[upper] + met[lower]) / 2
    return met


def _opening(mesh: np.ndarray) -> float:
    upper, lower = np.array(points.LIP_PAIRS).T
    eyes = np.linalg.norm(mesh[points.LEFT_EYE_OUTER] - mesh[points.RIGHT_EYE_OUTER])
    return float(np.linalg.norm(mesh[lower] - mesh[upper], axis=1).mean() / max(float(eyes), 1e-9))


def _inside(mesh: np.ndarray, outline: tuple[int, ...], side: int) -> np.ndarray:
    """Return how much of each pixel lies within an outline, with a soft edge: (side, side), float64 in [0, 1]."""
    import cv2

    mask = np.zeros((side, side), np.float64)
    cv2.fillPoly(mask, [np.rint(mesh[list(outline), :2] * 16).astype(np.int32)], 1.0, shift=4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), SMOOTH))


def _shading(mesh: np.ndarray, side: int) -> np.ndarray:
    """Return how bright each part of an open mouth is: 1 in its middle, 1 - `SHADE` at the lips; (side, side, 1)."""
    import cv2

    upper, lower = np.array(points.LIP_PAIRS).T
    height = float(np.linalg.norm(mesh[lower, :2] - mesh[upper, :2], axis=1).max())
    depth = cv2.GaussianBlur(_inside(mesh, points.INNER_LIPS, side), (0, 0), max(height / 6, SMOOTH))
    return np.asarray(1 - SHADE * (1 - np.clip(2 * depth - 1, 0, 1)))[..., None]


def _is_gray(pixels: np.ndarray) -> bool:
    return bool(np.ptp(pixels.astype(np.int16), axis=2).max() == 0)


def _luma(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114]), np.float64)
