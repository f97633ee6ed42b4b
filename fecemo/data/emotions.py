"""The eight emotions, in the one order used everywhere, and how labelled sets spell them."""

EMOTIONS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
"""AffectNet's expressions 0–7, in its own order."""

SPELLINGS = {
    "neutral": "neutral", "neutrality": "neutral",
    "happy": "happy", "happiness": "happy", "joy": "happy",
    "sad": "sad", "sadness": "sad",
    "surprise": "surprise", "surprised": "surprise",
    "fear": "fear", "fearful": "fear", "afraid": "fear", "scared": "fear",
    "disgust": "disgust", "disgusted": "disgust",
    "anger": "anger", "angry": "anger",
    "contempt": "contempt", "contemptuous": "contempt",
}


def emotion_of(spelling: str) -> str | None:
    """Return the emotion that a folder name or label means, or None if it means none of the eight.

    Upper and lower case, and a leading number as in ``"3_surprise"`` or ``"3"``, are understood.
    """
    word = spelling.strip().lower()
    if word.isdecimal():
        return EMOTIONS[int(word)] if int(word) < len(EMOTIONS) else None
    return SPELLINGS.get(word.lstrip("0123456789").strip(" _-."))
