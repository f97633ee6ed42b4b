"""Image variants: exact views of a stored face, computed on reading. A module here holds a `VARIANT` or several."""

from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError, nearest
from fecemo.registry import Registry

FACE_SIDE = 200
"""Side of a stored face, in pixels."""
CUT = "cut"
"""The faces of a dataset, cut out of their photographs."""
FACE_CHANNELS = {CUT: 3, "aligned": 1, "quarters": 1}
"""Channels of stored faces: of those of a dataset, and of pictures that the align stage makes of them."""
MADE_FACES = tuple(name for name in FACE_CHANNELS if name != CUT)
LUMA_WEIGHTS = (19595, 38470, 7471)
"""ITU-R 601 luma weights of red, green and blue in 65536ths; they add up to 65536."""


@dataclass(frozen=True)
class Variant:
    """An image variant; the study ("Categorizing Facial Expressions", section 3) has three."""

    name: str  #: Key in recipes, such as ``"tight"``.
    title: str  #: Heading in tables, as published.
    channels: int  #: One of 1, 3. 1 turns a face in colour to gray by ITU-R 601 luma, rounded to the nearest integer.
    margin: int  #: Pixels cut off each side of the stored face.
    #: One of "cut", "aligned", "quarters". The stored faces that networks see: those of the dataset, or what was made
    #: of them with eyes, or eyes and mouth, on fixed points. People are shown the view of the dataset's.
    faces: str = CUT

    @property
    def face_shape(self) -> tuple[int, int, int]:
        """Tuple of int: Shape of a stored face that networks see."""
        return FACE_SIDE, FACE_SIDE, FACE_CHANNELS[self.faces]

    @property
    def side(self) -> int:
        """int: Side of the view in pixels, before any reduction."""
        return FACE_SIDE - 2 * self.margin

    def view(self, faces: np.ndarray) -> np.ndarray:
        """Return the view of stored faces, uint8 of shape (n, 200, 200, 3) or (n, 200, 200, 1).

        The view is of shape (n, side, side, channels), uint8, without a copy where only a margin is cut.
        """
        cut = faces[:, self.margin : FACE_SIDE - self.margin, self.margin : FACE_SIDE - self.margin]
        if self.channels == faces.shape[-1]:
            return cut
        gray = np.empty((*cut.shape[:-1], 1), np.uint8)
        for target, face in zip(gray, cut, strict=True):  # one face at a time: what is computed stays in the cache
            target[..., 0] = _luma(face)
        return gray


def _luma(face: np.ndarray) -> np.ndarray:
    # Integer arithmetic, so that the same view computed on a device is equal to the last bit.
    red, green, blue = (face[..., channel] * np.uint32(weight) for channel, weight in enumerate(LUMA_WEIGHTS))
    return (red + green + blue + np.uint32(32768)) >> np.uint32(16)


variants = Registry[Variant]("fecemo.data.variants", "VARIANT", "variant")


def dataset_variants() -> dict[str, Variant]:
    """Return every variant that is a view of a dataset's faces alone, by name."""
    return {name: variant for name, variant in variants().items() if variant.faces == CUT}


def find_dataset_variant(name: str) -> Variant:
    """Return a variant that is a view of a dataset's faces alone. Raises `InputError` for any other."""
    variant = variants.find(name)
    if variant.faces != CUT:
        raise InputError(f"the variant {name!r} shows faces that are no data set's, but made of one ({variant.faces}): "
                         f"{nearest(name, dataset_variants())}")
    return variant
