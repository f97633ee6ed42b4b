"""Tags merged into a packet, and taken out of it again.

Which keywords were added, and which lists there were none of before, is recorded in the packet itself, in a namespace
of fecemo's own beside run, row, date and confidences: whatever is not in the record was somebody else's, and stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from fecemo.archive.regions import TAGS, Box, about_of, add_regions, remove_regions, stored_box
from fecemo.archive.xmp import (
    EMPTY,
    RDF,
    Element,
    Packet,
    drop_item,
    elements,
    plain_text,
    require_xml,
    structure,
    text_of,
)

DC, LIGHTROOM, DIGIKAM = ("http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/lightroom/1.0/",
                          "http://www.digikam.org/ns/1.0/")
REGION_LIST, FILE = "mwg-rs:Regions", "file"


@dataclass(frozen=True)
class FaceTag:
    """A tag of one face."""

    face: str  #: Id of the face.
    box: Box  #: Left, right, top, bottom as fractions of the upright photograph.
    shows: str  #: What the face shows, by the name that the run has for it.
    #: The keyword as a path, from the widest term on: ``("fecemo", "shows", "happy")``; or as several.
    paths: tuple[tuple[str, ...], ...]
    subject: str  #: The keyword by itself: ``"shows: happy"``.
    confidence: float | None = None  #: Calibrated, in [0, 1]; None where it is not calibrated.


@dataclass(frozen=True)
class PhotoTags:
    """The tags of a photograph, and what they were made of."""

    faces: tuple[FaceTag, ...]
    #: `width`, `height`: Of the picture as it is stored, in pixels.
    width: int
    height: int
    orientation: int  #: EXIF's, 1 to 8.
    run: str  #: Digest of the run.
    row: str  #: Which of its rows, such as ``"landmark_features gray"``.
    date: str  #: When the tags were made, UTC, ISO 8601.


KEYWORDS = {"dc:subject": (DC, "subject", "Bag"), "lr:hierarchicalSubject": (LIGHTROOM, "hierarchicalSubject", "Bag"),
            "digiKam:TagsList": (DIGIKAM, "TagsList", "Seq")}
"""Lists of keywords by how the record calls them: flat for most programs; trees for Lightroom, darktable, digiKam."""


def merged(data: bytes | None, tags: PhotoTags, where: str) -> bytes | None:
    """Return a sidecar's bytes with these tags in the place of earlier ones; None where nothing is left.

    Parameters
    ----------
    data : bytes or None
        What is there; None where there is no sidecar.
    tags : PhotoTags
        Without a face, earlier tags are taken out.
    where : str
        Path of the sidecar, for messages.

    Raises
    ------
    InputError
        If what is there cannot be read, or a keyword holds a character that XML has not.
    """
    before, date, made = data, tags.date, {FILE}
    if data is not None:
        earlier = Packet(data, where)
        if _record(earlier) == _record_of(tags):
            date = plain_text(earlier.values(TAGS).get("Date"))  # nothing is new that would need another
        made = {text_of(item) for item in recorded(earlier, "Made")}
        before = without_tags(data, where)
    if not tags.faces:
        return before
    keywords_of = _terms(tags)
    packet = Packet(EMPTY if before is None else before, where)
    made = {name for name in made if name == FILE or keyword_list(packet, name) is not None}
    if _add_regions(packet, tags):
        made.add(REGION_LIST)
    added = []
    for name, terms in keywords_of.items():
        present = keywords(packet, name)
        if new := [term for term in terms if term not in present]:
            if keyword_list(packet, name) is None:
                made.add(name)
            _append(packet, name, new)
            added += [f"{name}={term}" for term in new]
    _write_record(packet, tags, date, added, sorted(made))
    return packet.serialize()


def without_tags(data: bytes, where: str) -> bytes | None:
    """Return a sidecar's bytes without what fecemo wrote; None where that was all. Unchanged where it wrote nothing."""
    packet = Packet(data, where)
    if not packet.values(TAGS):
        return data
    made = {text_of(item) for item in recorded(packet, "Made")}
    added = [text_of(item).partition("=") for item in recorded(packet, "Added")]
    for name in KEYWORDS:
        terms = [term for of, _, term in added if of == name]
        for item in _items(packet, name):
            if text_of(item) in terms:
                terms.remove(text_of(item))
                drop_item(item)
        element = keyword_list(packet, name)
        if name in made and element is not None and not _items(packet, name):
            packet.drop_property(element)
    remove_regions(packet, with_list=REGION_LIST in made)
    packet.drop_namespace(TAGS)
    return None if FILE in made and not elements(packet.rdf) else packet.serialize()


def keyword_list(packet: Packet, name: str) -> Element | None:
    """Return the property that holds a list of keywords, a key of `KEYWORDS`; None where there is none."""
    return packet.property(*KEYWORDS[name][:2]) if name in KEYWORDS else None


def keywords(packet: Packet, name: str) -> list[str]:
    """Return the keywords of a list."""
    return [text_of(item) for item in _items(packet, name)]


def recorded(packet: Packet, name: str) -> list[Element]:
    """Return the items of a list of fecemo's record: ``"Faces"``, ``"Added"`` or ``"Made"``."""
    element = packet.property(TAGS, name)
    array = None if element is None else packet.array(element)
    return [] if array is None else elements(array)


def recorded_faces(packet: Packet) -> list[dict[str, str]]:
    """Return what is recorded of each tagged face: ``Face``, ``Shows``, and ``Confidence`` where it is calibrated."""
    return [{name: plain_text(field) for (_, name), field in structure(item).items()}
            for item in recorded(packet, "Faces")]


def _items(packet: Packet, name: str) -> list[Element]:
    element = keyword_list(packet, name)
    array = None if element is None else packet.array(element)
    return [] if array is None else [item for item in elements(array) if not elements(item)]


def _record(packet: Packet) -> tuple[str, str, list[dict[str, str]]]:
    values = packet.values(TAGS)
    return plain_text(values.get("Run")), plain_text(values.get("Row")), recorded_faces(packet)


def _record_of(tags: PhotoTags) -> tuple[str, str, list[dict[str, str]]]:
    return tags.run, tags.row, [_face_record(tag) for tag in tags.faces]


def _face_record(tag: FaceTag) -> dict[str, str]:
    calibrated = {} if tag.confidence is None else {"Confidence": f"{tag.confidence:.3f}"}
    return {"Face": tag.face, "Shows": tag.shows, **calibrated}


def _terms(tags: PhotoTags) -> dict[str, list[str]]:
    """Return every keyword once, by the list that it belongs to."""
    paths = [path for tag in tags.faces for path in tag.paths]
    for text in (tags.row, *(text for tag in tags.faces for text in (tag.face, tag.shows, tag.subject)),
                 *(level for path in paths for level in path)):
        require_xml(text, "the keyword")
    terms = {"dc:subject": [tag.subject for tag in tags.faces],
             "lr:hierarchicalSubject": ["|".join(path) for path in paths],
             "digiKam:TagsList": ["/".join(path) for path in paths]}
    return {name: list(dict.fromkeys(of)) for name, of in terms.items()}


def _add_regions(packet: Packet, tags: PhotoTags) -> bool:
    faces: dict[str, tuple[Box, list[str]]] = {}
    for tag in tags.faces:
        faces.setdefault(tag.face, (stored_box(tag.box, tags.orientation), []))[1].append(tag.subject)
    return add_regions(packet, {face: (box, "; ".join(subjects)) for face, (box, subjects) in faces.items()},
                       tags.width, tags.height)


def _append(packet: Packet, name: str, terms: list[str]) -> None:
    """Add keywords to a list; the list is made where there is none."""
    namespace, _, kind = KEYWORDS[name]
    element = keyword_list(packet, name)
    if element is None:
        prefix, _, _ = name.partition(":")
        element = _description(packet).appendChild(packet.import_element(f'<{name} xmlns:{prefix}="{namespace}"/>'))
    array = packet.array(element)
    if array is None:
        array = element.appendChild(packet.import_element(f'<rdf:{kind} xmlns:rdf="{RDF}"/>'))
    for term in terms:
        array.appendChild(packet.new_item(array, term))


def _description(packet: Packet) -> Element:
    """Return the description of fecemo's own; it is made where there is none."""
    last = elements(packet.rdf)[-1:]
    if last and last[0].getAttribute("xmlns:fecemo") == TAGS:
        return last[0]
    description: Element = packet.rdf.appendChild(packet.import_element(
        f'<rdf:Description xmlns:rdf="{RDF}" rdf:about={quoteattr(about_of(packet))} xmlns:fecemo="{TAGS}"/>'))
    return description


def _write_record(packet: Packet, tags: PhotoTags, date: str, added: list[str], made: list[str]) -> None:
    faces = ['<rdf:li rdf:parseType="Resource">' + "".join(
        f"<fecemo:{name}>{escape(text)}</fecemo:{name}>" for name, text in _face_record(tag).items()) + "</rdf:li>"
        for tag in tags.faces]
    lists: Mapping[str, list[str]] = {"Faces": faces, **{
        name: [f"<rdf:li>{escape(text)}</rdf:li>" for text in texts] for name, texts in (("Added", added),
                                                                                        ("Made", made))}}
    values = {"Run": escape(tags.run), "Row": escape(tags.row), "Date": escape(date),
              **{name: f"<rdf:Bag>{''.join(items)}</rdf:Bag>" for name, items in lists.items() if items}}
    holder = _description(packet)
    for name, content in values.items():
        holder.appendChild(packet.import_element(
            f'<fecemo:{name} xmlns:fecemo="{TAGS}" xmlns:rdf="{RDF}">{content}</fecemo:{name}>'))
