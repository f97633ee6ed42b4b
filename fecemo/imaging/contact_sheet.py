"""Many faces on one sheet, to see at a glance what was stored."""

from collections.abc import Iterable

import numpy as np

TILE = 100


def contact_sheet(faces: Iterable[np.ndarray], columns: int = 20) -> bytes:
    """Return a JPEG of faces in rows.

    Parameters
    ----------
    faces : iterable of ndarray of shape (height, width, 3), uint8
        RGB; at least one.
    columns : int
        Faces in a row.
    """
    import cv2

    tiles = [cv2.resize(face, (TILE, TILE), interpolation=cv2.INTER_AREA) for face in faces]
    columns = min(columns, len(tiles))
    tiles += [np.zeros((TILE, TILE, 3), np.uint8)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start:start + columns]) for start in range(0, len(tiles), columns)]
    done, data = cv2.imencode(".jpg", np.vstack(rows)[:, :, ::-1])
    if not done:
        raise ValueError("the contact sheet could not be encoded")
    return data.tobytes()
