"""Pictures as the bytes of image files: one, or many faces on one sheet."""

import itertools
from collections.abc import Iterable, Mapping

import numpy as np

SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
"""Of the image files that can be written."""


def encode_image(picture: np.ndarray, kind: str, quality: int | None = None) -> bytes:
    """Return a picture as an image file.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 1 or 3), uint8
        Gray, or RGB.
    kind : {"png", "jpeg"}
        PNG loses nothing.
    quality : int, optional
        Of a JPEG, 1 to 100. Colours are kept at full resolution.
    """
    import cv2

    options = []
    if quality is not None:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality,
                   cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, data = cv2.imencode(SUFFIXES[kind], np.ascontiguousarray(picture[:, :, ::-1]), options)
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} could not be encoded as {kind}")
    return data.tobytes()


TILE, BAND = 100, 28
"""Pixels of a face's side on a sheet where nothing else is asked for, and of the height of a heading."""


def contact_sheet(parts: Mapping[str, Iterable[np.ndarray]], columns: int = 20, kind: str = "jpeg",
                  numbered: bool = False, side: int = TILE) -> bytes:
    """Return faces in rows as an image file.

    Parameters
    ----------
    parts : mapping of str to iterable of ndarray of shape (height, width, 3), uint8
        RGB faces by heading, in ASCII; at least one face. A part without faces is left out, and ``""`` is no heading.
    columns : int
        Faces in a row.
    kind : {"jpeg", "png"}
    numbered : bool
        Whether each face bears its number, from 1 on through all parts, in its lower left corner.
    side : int
        Pixels of a face's side.
    """
    import cv2

    tiles = {heading: [cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) for face in faces]
             for heading, faces in parts.items()}
    for number, tile in enumerate(itertools.chain.from_iterable(tiles.values()) if numbered else (), 1):
        for thickness, gray in ((3, 0), (1, 255)):  # white with a dark rim is legible on any face
            cv2.putText(tile, str(number), (4, side - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (gray,) * 3, thickness,
                        cv2.LINE_AA)
    columns = min(columns, max(len(of_part) for of_part in tiles.values()))
    rows = []
    for heading, of_part in tiles.items():
        if heading and of_part:
            band = np.full((BAND, side * columns, 3), 255, np.uint8)
            rows.append(cv2.putText(band, heading, (6, BAND - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1,
                                    cv2.LINE_AA))
        filled = of_part + [np.zeros((side, side, 3), np.uint8)] * (-len(of_part) % columns)
        rows += [np.hstack(filled[start:start + columns]) for start in range(0, len(filled), columns)]
    return encode_image(np.vstack(rows), kind)
