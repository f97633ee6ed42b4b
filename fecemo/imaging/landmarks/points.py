"""Landmarks of the mesh and blendshapes by name. "Right" and "left" are the person's, as a physician uses the words."""

import numpy as np

N_LANDMARKS = 478
"""Points of the mesh: 468 of the face, five of each iris."""

FOREHEAD, NOSE_BRIDGE, NOSE_BASE, CHIN = 10, 168, 2, 152
UPPER_LIP, UPPER_LIP_INSIDE, LOWER_LIP_INSIDE, LOWER_LIP = 0, 13, 14, 17

RIGHT_EYE_OUTER, RIGHT_EYE_INNER, LEFT_EYE_INNER, LEFT_EYE_OUTER = 33, 133, 362, 263
RIGHT_UPPER_LID, RIGHT_LOWER_LID, LEFT_UPPER_LID, LEFT_LOWER_LID = 159, 145, 386, 374
RIGHT_EYE_SIDE, LEFT_EYE_SIDE = 130, 359
RIGHT_BROW, RIGHT_BROW_INNER, LEFT_BROW_INNER, LEFT_BROW = 105, 107, 336, 334
RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 61, 291
RIGHT_TEMPLE, LEFT_TEMPLE = 127, 356

N_SURFACE = 468
"""Points of the face's surface, which come first; the others are of the irises."""
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
"""The edge of the face, from the forehead's middle over the person's left side."""
LIP_PAIRS = ((191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318), (415, 324))
"""Points of the upper and of the lower lip's inner edge, opposite each other, from the person's right."""
INNER_LIPS = (78, *(upper for upper, _ in LIP_PAIRS), 308, *(lower for _, lower in LIP_PAIRS[::-1]))
"""The edge of the mouth's interior, corners included."""
LID_PAIRS = ((246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155),
             (466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382))
"""Points of the upper and of the lower lid, opposite each other, of both eyes."""


MODEL_NAMES = (
    "neutral", "brow down left", "brow down right", "brow inner up", "brow outer up left", "brow outer up right",
    "cheek puff", "cheek squint left", "cheek squint right", "eye blink left", "eye blink right", "eye look down left",
    "eye look down right", "eye look in left", "eye look in right", "eye look out left", "eye look out right",
    "eye look up left", "eye look up right", "eye squint left", "eye squint right", "eye wide left", "eye wide right",
    "jaw forward", "jaw left", "jaw open", "jaw right", "mouth close", "mouth dimple left", "mouth dimple right",
    "mouth frown left", "mouth frown right", "mouth funnel", "mouth left", "mouth lower down left",
    "mouth lower down right", "mouth press left", "mouth press right", "mouth pucker", "mouth right",
    "mouth roll lower", "mouth roll upper", "mouth shrug lower", "mouth shrug upper", "mouth smile left",
    "mouth smile right", "mouth stretch left", "mouth stretch right", "mouth upper up left", "mouth upper up right",
    "nose sneer left", "nose sneer right",
)
"""What the 52 numbers of the model are, in its order."""

BLENDSHAPE_NAMES = MODEL_NAMES[1:]
"""Those that are measured: without ``"neutral"``, which is always about 0."""

INPUT_LANDMARKS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])
"""The 146 landmarks whose x and y the model takes, in its order."""
