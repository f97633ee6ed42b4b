"""Histograms of oriented gradients of a whole face (Dalal and Triggs 2005), alike for a face and its mirror image.

Which way brightness rises, counted over small cells, and divided by how strong it rises around them: shapes stay, and
light and contrast do not matter. An expression is much the same on both halves of a face; a lamp at the side, a head
turned away and hair across the forehead are not. So a face is described together with its mirror image.
"""

import numpy as np

from fecemo.imaging.descriptors import Descriptor

CELL = 6
"""Side of a cell in pixels, after the face was resized."""
BLOCK = 2
"""Cells along a block, in which gradients are made equally strong. Blocks begin at every cell, so that they overlap."""


def described_shape(cells: int, directions: int) -> tuple[int, int, int, int, int]:
    """Return how the numbers of a face are laid out.

    Rows of blocks from above, columns of blocks from the side to the middle, columns and rows of a block's cells,
    directions.
    """
    blocks = cells - BLOCK + 1
    return blocks, -(-blocks // 2), BLOCK, BLOCK, directions


def oriented_gradients(picture: np.ndarray, *, cells: int, directions: int, share: float,
                       below: float = 0.0) -> np.ndarray:
    """Describe a square part of a picture.

    Each block is scaled to unit length, limited to 0.2 and scaled again ("L2-Hys"); of the mean of a face and its
    mirror image one half says all.

    Parameters
    ----------
    picture : ndarray of shape (side, side, 1 or 3), uint8
        Gray levels, or RGB, of which each pixel counts by the channel that rises most.
    cells : int
        Along each side; at least `BLOCK`.
    directions : int
        Into which half a circle is divided: an edge is the same whichever of its sides is brighter.
    share : float
        Side of the part, of the picture's; in (0, 1].
    below : float
        How far the part's middle lies below the picture's, of the picture's side; the part ends with the picture.

    Returns
    -------
    ndarray of `described_shape`, float32
        In [0, 1].
    """
    import cv2

    side = picture.shape[0]
    margin = round(side * (1 - share) / 2)
    top = min(margin + round(side * below), 2 * margin)
    part = cv2.resize(picture[top : top + side - 2 * margin, margin : side - margin], (CELL * cells, CELL * cells),
                      interpolation=cv2.INTER_AREA)
    cell = (CELL, CELL)
    describe = cv2.HOGDescriptor(_winSize=(CELL * cells, CELL * cells), _blockSize=(BLOCK * CELL, BLOCK * CELL),
                                 _blockStride=cell, _cellSize=cell, _nbins=directions)
    both = (np.asarray(describe.compute(part)) + np.asarray(describe.compute(cv2.flip(part, 1)))) / 2
    rows, columns, *block = described_shape(cells, directions)
    # OpenCV goes through blocks, and through the cells of a block, column by column.
    described: np.ndarray = both.reshape(rows, rows, *block).swapaxes(0, 1)[:, :columns].astype(np.float32)
    return described


DESCRIPTOR = Descriptor(
    name="symmetric_hog",
    open=lambda sizes: lambda pictures: np.stack(
        [oriented_gradients(picture, **sizes).ravel() for picture in pictures]),
)
