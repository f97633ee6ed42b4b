"""Face regions in the form of the Metadata Working Group: where on a photograph, as it is stored, a face is.

Metadata Working Group, Guidelines for Handling Image Metadata 2.0 (2010), section 5.9.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from fecemo.archive.xmp import RDF, Element, Packet, drop_field, drop_item, elements, plain_text, structure

REGIONS, AREA, DIMENSIONS = ("http://www.metadataworkinggroup.com/schemas/regions/",
                             "http://ns.adobe.com/xmp/sType/Area#", "http://ns.adobe.com/xap/1.0/sType/Dimensions#")
TAGS = "urn:fecemo:tags:1/"
"""The namespace of what only fecemo writes: what a region shows, and what a sidecar's tags are made of."""
DECIMALS = 6
SAME_FACE = 0.4
"""Intersection over union from which two boxes are of one face. Programs draw boxes of unlike tightness."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Region:
    """A region that a sidecar holds."""

    kind: str  #: ``"Face"``, ``"Pet"``, ``"Focus"``, ``"BarCode"`` or ``""``.
    name: str  #: Of the person, ``""`` where nobody gave it.
    #: Left, right, top, bottom as fractions of the stored picture; None where it is not given as fractions.
    box: Box | None
    face: str  #: Id of the face where fecemo wrote the region, else ``""``.
    element: Element


def stored_box(box: Box, orientation: int) -> Box:
    """Return where a box of the upright picture is in the picture as it is stored.

    Parameters
    ----------
    box : tuple of float
        Left, right, top, bottom as fractions.
    orientation : int
        EXIF's, 1 to 8: 6 means that the stored picture is turned clockwise by 90 degrees to be upright.

    Returns
    -------
    tuple of float
        Left, right, top, bottom as fractions, within [0, 1].

    Raises
    ------
    ValueError
        For another orientation.
    """
    if orientation not in range(1, 9):
        raise ValueError(f"there is no EXIF orientation {orientation}, expected 1 to 8")
    left, right, top, bottom = (min(max(side, 0.0), 1.0) for side in box)
    across, down = (left, right), (top, bottom)
    if orientation >= 5:
        across, down = down, across
    if orientation in (2, 3, 7, 8):
        across = 1 - across[1], 1 - across[0]
    if orientation in (3, 4, 6, 7):
        down = 1 - down[1], 1 - down[0]
    return (*across, *down)


def overlap(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    width = min(first[1], second[1]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[2], second[2])
    common = max(width, 0.0) * max(height, 0.0)
    area = sum((box[1] - box[0]) * (box[3] - box[2]) for box in (first, second))
    return common / (area - common) if area > common else 0.0


def read_regions(packet: Packet) -> list[Region]:
    """Return all regions of a packet, whoever wrote them. Raises `InputError` for a list that cannot be read."""
    array = _region_array(packet)
    return [] if array is None else [_region(item) for item in elements(array)]


def _region_array(packet: Packet) -> Element | None:
    regions = packet.property(REGIONS, "Regions")
    field = None if regions is None else structure(regions).get((REGIONS, "RegionList"))
    if isinstance(field, str):
        packet.refuse("RegionList is a plain value, expected a list")
    return None if field is None else packet.array(field)


def _region(item: Element) -> Region:
    fields = structure(item)
    area = fields.get((REGIONS, "Area"))
    numbers = structure(area) if area is not None and not isinstance(area, str) else {}
    try:
        x, y, width, height = (float(plain_text(numbers.get((AREA, name)))) for name in "xywh")
        fractions = plain_text(numbers.get((AREA, "unit"))) in ("normalized", "")
        box = (x - width / 2, x + width / 2, y - height / 2, y + height / 2) if fractions else None
    except ValueError:
        box = None
    extensions = fields.get((REGIONS, "Extensions"))
    marks = structure(extensions) if extensions is not None and not isinstance(extensions, str) else {}
    return Region(plain_text(fields.get((REGIONS, "Type"))), plain_text(fields.get((REGIONS, "Name"))), box,
                  plain_text(marks.get((TAGS, "Face"))), item)


def add_regions(packet: Packet, faces: dict[str, tuple[Box, str]], width: int, height: int) -> bool:
    """Add a region for each face that has none yet.

    Parameters
    ----------
    packet : Packet
        Without regions of fecemo's.
    faces : dict of str to (tuple of float, str)
        By id of the face its box in the stored picture, and the description.
    width, height : int
        Of the stored picture, in pixels.

    Returns
    -------
    bool
        Whether there was no list of regions before. It is then in a description of its own, the last of the packet.
    """
    stored_boxes = [
        region.box for region in read_regions(packet) if region.kind in ("Face", "") and region.box is not None]
    items = [_item(face, box, description) for face, (box, description) in faces.items()
             if not any(overlap(box, stored) >= SAME_FACE for stored in stored_boxes)]
    if not items:
        return False
    if (array := _region_array(packet)) is not None:
        for text in items:
            array.appendChild(packet.import_element(text))
        return False
    if packet.property(REGIONS, "Regions") is not None:
        packet.refuse("Regions has no RegionList")
    size = f'stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"'
    about = quoteattr(about_of(packet))
    packet.rdf.appendChild(packet.import_element(
        f'<rdf:Description xmlns:rdf="{RDF}" rdf:about={about} xmlns:mwg-rs="{REGIONS}" xmlns:stDim="{DIMENSIONS}">\n'
        f'<mwg-rs:Regions rdf:parseType="Resource">\n<mwg-rs:AppliedToDimensions {size}/>\n'
        f'<mwg-rs:RegionList><rdf:Bag>\n' + "\n".join(items) + "\n</rdf:Bag></mwg-rs:RegionList>\n"
        "</mwg-rs:Regions>\n</rdf:Description>"))
    return True


def _item(face: str, box: Box, description: str) -> str:
    left, right, top, bottom = box
    sides = {"x": (left + right) / 2, "y": (top + bottom) / 2, "w": right - left, "h": bottom - top}
    area = " ".join(f'stArea:{name}="{value:.{DECIMALS}f}"' for name, value in sides.items())
    return (f'<rdf:li xmlns:rdf="{RDF}" xmlns:mwg-rs="{REGIONS}" xmlns:stArea="{AREA}" '
            f'rdf:parseType="Resource"><mwg-rs:Type>Face</mwg-rs:Type>'
            f'<mwg-rs:Description>{escape(description)}</mwg-rs:Description>'
            f'<mwg-rs:Area {area} stArea:unit="normalized"/>'
            f'<mwg-rs:Extensions xmlns:fecemo="{TAGS}" rdf:parseType="Resource">'
            f'<fecemo:Face>{escape(face)}</fecemo:Face>'
            f'<fecemo:Description>{escape(description)}</fecemo:Description></mwg-rs:Extensions></rdf:li>')


def remove_regions(packet: Packet, *, with_list: bool) -> None:
    """Take fecemo's regions out. One to which somebody gave a name since stays, without what fecemo wrote in it.

    Parameters
    ----------
    with_list : bool
        Whether the list goes too where nothing is left in it: it was fecemo's.
    """
    for region in read_regions(packet):
        if not region.face:
            continue
        if not region.name:
            drop_item(region.element)
            continue
        fields = structure(region.element)
        extensions = fields[REGIONS, "Extensions"]
        written = structure(extensions).get((TAGS, "Description")) if isinstance(extensions, Element) else None
        if plain_text(fields.get((REGIONS, "Description"))) == plain_text(written):
            drop_field(region.element, REGIONS, "Description")
        drop_field(region.element, REGIONS, "Extensions")
    array, regions = _region_array(packet), packet.property(REGIONS, "Regions")
    if with_list and regions is not None and (array is None or not elements(array)):
        packet.drop_property(regions)


def about_of(packet: Packet) -> str:
    """Return what the descriptions of a packet are about, mostly ``""``: a further one must say the same."""
    first = next(iter(elements(packet.rdf)), None)
    return "" if first is None else str(first.getAttributeNS(RDF, "about"))
