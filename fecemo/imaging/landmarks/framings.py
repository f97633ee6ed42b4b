"""Pictures that the align stage makes of faces: by which points, and what of a face without them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.imaging.landmarks import alignment, quarters

Points = np.ndarray


@dataclass(frozen=True)
class Framing:
    """A way of bringing a face into a picture by its eyes, and perhaps its mouth."""

    #: ``picture(face, places) -> ndarray`` of shape (200, 200, 1), uint8; places are right eye, left eye and mouth, of
    #: shape (3, 2).
    picture: Callable[[np.ndarray, np.ndarray], np.ndarray]
    #: Of shape (3, 2). Where they are expected in a face of which nobody is sure: such a face is not turned.
    unsure: np.ndarray
    by_mouth: bool  #: Whether the mouth decides too, which face detectors' columns do not say.
    config: dict[str, Any]  #: What shapes the pictures, for receipts.

    def places(self, points: Points, sure: np.ndarray) -> tuple[Points, np.ndarray]:
        """Return by which points faces are framed, and which of them are by their own.

        Parameters
        ----------
        points : ndarray of shape (n, 3, 2)
            Middles of the right and of the left eye, and of the mouth, in pixels of the face.
        sure : ndarray of shape (n,), bool

        Returns
        -------
        places : ndarray of shape (n, 3, 2)
        placed : ndarray of shape (n,), bool
        """
        placed = sure & (np.linalg.norm(points[:, 1] - points[:, 0], axis=1) >= alignment.MIN_APART)
        if self.by_mouth:
            placed &= quarters.mouth_drops(points) >= quarters.MIN_DROP
        return np.where(placed[:, None, None], points, self.unsure), placed


FRAMINGS = {
    "aligned": Framing(
        lambda face, places: alignment.aligned_picture(face, places[:2]),
        np.array((*alignment.UNSURE_EYES, (0.0, 0.0))), False,
        {"eyes": alignment.EYES, "unsure_eyes": alignment.UNSURE_EYES, "oval": alignment.OVAL,
         "spread": alignment.SPREAD, "deviations": alignment.DEVIATIONS, "gray": alignment.GRAY,
         "min_apart": alignment.MIN_APART}),
    "quarters": Framing(
        quarters.quartered_picture, np.array(quarters.UNSURE), True,
        {"lines": (quarters.EYE_LINE, quarters.MOUTH_LINE), "unsure": quarters.UNSURE,
         "min_apart": alignment.MIN_APART, "min_drop": quarters.MIN_DROP}),
}
"""By the name of the derived column, which is that of the faces that a variant shows."""
