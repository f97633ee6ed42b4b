"""An XMP packet as a tree in which everything that is not understood stays as it is.

The tree is that of `xml.dom.minidom`, which keeps prefixes, comments and processing instructions. Properties may be
written in several forms (XMP specification part 1, section 7); what is read here are bags, sequences and structures in
all of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from xml.dom import minidom
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from fecemo.data.vocabulary import NO_XML
from fecemo.errors import InputError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
XMLNS = "http://www.w3.org/2000/xmlns/"
XML = "http://www.w3.org/XML/1998/namespace"
MAX_BYTES = 16 * 2**20
"""A sidecar with the masks of a raw developer has a few megabytes."""
MAX_ELEMENTS = 200_000
MAX_DEPTH = 100
EMPTY = (b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
         b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta>\n'
         b'<?xpacket end="w"?>\n')
NO_NAMES: Mapping[str, str] = {}
_CONTAINERS = ("Bag", "Seq", "Alt")
Element = minidom.Element


def require_xml(text: str, title: str) -> None:
    """Raise `InputError` for text that XML cannot hold."""
    if (character := NO_XML.search(text)) is not None:
        raise InputError(f"{title} {text!r} holds the character U+{ord(character[0]):04X}, which XML cannot hold")


class Packet:
    """A packet: properties of one photograph.

    Parameters
    ----------
    data : bytes
        Of a sidecar, in any encoding that it declares.
    where : str
        Its path, for messages.

    Attributes
    ----------
    rdf : Element
        Holds the descriptions, and these the properties.

    Raises
    ------
    InputError
        If it is too large, is broken XML, has a document type (and so might have entities), or is no XMP.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.where = where
        _require_harmless(data, where)
        self._declared = data.removeprefix(b"\xef\xbb\xbf").startswith(b"<?xml") or data[:2] in (b"\xff\xfe",
                                                                                                 b"\xfe\xff")
        self.document = minidom.parseString(data)
        root: Any = self.document.documentElement
        roots = [root] if is_named(root, RDF, "RDF") else root.getElementsByTagNameNS(RDF, "RDF")
        if len(roots) != 1 or (roots[0] is not root and not is_named(root, META, "xmpmeta")):
            self.refuse("it is no XMP: expected one rdf:RDF, in an x:xmpmeta or by itself")
        self.rdf: Element = roots[0]
        for child in elements(self.rdf):
            if not is_named(child, RDF, "Description"):
                self.refuse(f"rdf:RDF holds {child.tagName}, expected rdf:Description")

    def refuse(self, reason: str) -> NoReturn:
        """Raise the `InputError` that says why the packet is left alone."""
        raise InputError(f"{self.where}: {reason}; it is left as it is")

    def properties(self, namespace: str) -> list[Element]:
        """Return every property of a namespace that is written as an element."""
        return [child for description in elements(self.rdf) for child in elements(description)
                if child.namespaceURI == namespace]

    def property(self, namespace: str, name: str) -> Element | None:
        """Return a property, or None where there is none.

        Raises `InputError` where it is there twice, or as an attribute, which holds no list and no structure.
        """
        if any(description.hasAttributeNS(namespace, name) for description in elements(self.rdf)):
            self.refuse(f"{name} is a plain value, expected a list or a structure")
        matches = [element for element in self.properties(namespace) if element.localName == name]
        if len(matches) > 1:
            self.refuse(f"{name} is there {len(matches)} times")
        return matches[0] if matches else None

    def values(self, namespace: str) -> dict[str, Element | str]:
        """Return the properties of a namespace by name: the text of one that is an attribute, or else its element."""
        fields: dict[str, Element | str] = {}
        for description in elements(self.rdf):
            fields |= {attribute.localName: attribute.value for attribute in description.attributes.values()
                       if attribute.namespaceURI == namespace}
        return fields | {element.localName: element for element in self.properties(namespace)}

    def drop_namespace(self, namespace: str) -> None:
        """Take all properties of a namespace out."""
        for description in elements(self.rdf):
            for attribute in [*description.attributes.values()]:
                if attribute.namespaceURI == namespace:
                    description.removeAttributeNode(attribute)
        for element in self.properties(namespace):
            self.drop_property(element)

    def drop_property(self, element: Element) -> None:
        """Take a property out, and the description that held it where nothing else is in it."""
        description: Any = element.parentNode
        description.removeChild(element)
        names = {(attribute.namespaceURI, attribute.localName) for attribute in description.attributes.values()
                 if attribute.namespaceURI != XMLNS}
        if not elements(description) and names <= {(RDF, "about"), (None, "about")}:
            self.rdf.removeChild(description)

    def array(self, element: Element) -> Element | None:
        """Return the bag or sequence of a property, or None where it is empty. Raises `InputError` otherwise."""
        children = elements(element)
        if not children and not text_of(element).strip():
            return None
        if len(children) != 1 or children[0].namespaceURI != RDF or children[0].localName not in _CONTAINERS:
            self.refuse(f"{element.tagName} holds no rdf:Bag and no rdf:Seq")
        return children[0]

    def import_element(self, text: str) -> Element:
        """Return an element written as text, which declares its namespaces itself, for this tree."""
        root: Any = minidom.parseString(text.encode()).documentElement
        element: Element = self.document.importNode(root, True)
        return element

    def new_item(self, array: Element, text: str) -> Element:
        """Return a new item of a bag or sequence, under the same prefix."""
        item = self.document.createElementNS(RDF, f"{array.prefix}:li" if array.prefix else "li")
        item.appendChild(self.document.createTextNode(text))
        return item

    def serialize(self) -> bytes:
        """Return the packet's bytes, in UTF-8."""
        head = ['<?xml version="1.0" encoding="UTF-8"?>'] if self._declared else []
        return ("\n".join([*head, *("".join(_written(node)) for node in self.document.childNodes)]) + "\n").encode()


def elements(parent: Element) -> list[Element]:
    """Return the elements directly within another."""
    return [node for node in parent.childNodes if node.nodeType == node.ELEMENT_NODE]


def is_named(element: Element, namespace: str, name: str) -> bool:
    """Tell whether an element has a name."""
    return bool(element.namespaceURI == namespace and element.localName == name)


def text_of(element: Element) -> str:
    """Return the text directly within an element."""
    return "".join(node.data for node in element.childNodes if node.nodeType in (node.TEXT_NODE,
                                                                                 node.CDATA_SECTION_NODE))


def structure(element: Element) -> dict[tuple[str, str], Element | str]:
    """Return the fields of a structure by namespace and name, in whichever form it is written.

    A field that is an attribute is its text; any other is its element.
    """
    inner = [child for child in elements(element) if is_named(child, RDF, "Description")]
    holder = inner[0] if len(inner) == 1 and len(elements(element)) == 1 else element
    fields: dict[tuple[str, str], Element | str] = {}
    for holding in {id(node): node for node in (element, holder)}.values():
        for attribute in holding.attributes.values():
            if attribute.namespaceURI not in (RDF, XMLNS, XML, None):
                fields[attribute.namespaceURI, attribute.localName] = attribute.value
    for child in elements(holder):
        fields[child.namespaceURI or "", child.localName] = child
    return fields


def plain_text(field: Element | str | None) -> str:
    """Return the text of a field of a structure, ``""`` for none."""
    return field if isinstance(field, str) else "" if field is None else text_of(field)


def drop_item(item: Element) -> None:
    """Take an item out of its bag or sequence."""
    array: Any = item.parentNode
    array.removeChild(item)


def drop_field(element: Element, namespace: str, name: str) -> None:
    """Take a field out of a structure, in whichever form it is written."""
    for holder in (element, *(child for child in elements(element) if is_named(child, RDF, "Description"))):
        if holder.hasAttributeNS(namespace, name):
            holder.removeAttributeNS(namespace, name)
        for child in elements(holder):
            if is_named(child, namespace, name):
                holder.removeChild(child)


def _require_harmless(data: bytes, where: str) -> None:
    """Raise `InputError` for bytes that are no well-formed XML, or that could grow while they are read."""
    if len(data) > MAX_BYTES:
        raise InputError(f"{where}: more than {MAX_BYTES // 2**20} MB, no sidecar is as large; it is left as it is")
    parser = expat.ParserCreate()
    depth = count = 0

    def refuse(reason: str) -> NoReturn:
        raise InputError(f"{where}: {reason}; it is left as it is")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            refuse(f"more than {MAX_DEPTH} elements within each other, or {MAX_ELEMENTS} in all")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*declared: object) -> None:
        refuse("it has a document type, which no XMP has and which may hold entities without end")

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, end, doctype
    try:
        parser.Parse(data, True)
        expat.ParserCreate(namespace_separator=" ").Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        refuse(f"broken XML ({error})")


def _written(node: Any, bound: Mapping[str, str] = NO_NAMES) -> Iterator[str]:
    """Yield a node as text, without declarations of prefixes that are bound to the same namespace around it.

    Line ends and tabs that were written as references are written so again.
    """
    if node.nodeType == node.TEXT_NODE:
        yield escape(node.data, {"\r": "&#13;"})
    elif node.nodeType == node.CDATA_SECTION_NODE:
        yield f"<![CDATA[{node.data}]]>"
    elif node.nodeType == node.COMMENT_NODE:
        yield f"<!--{node.data}-->"
    elif node.nodeType == node.PROCESSING_INSTRUCTION_NODE:
        yield f"<?{node.target} {node.data}?>" if node.data else f"<?{node.target}?>"
    else:
        declared = {name: value for name, value in node.attributes.items()
                    if name == "xmlns" or name.startswith("xmlns:")}
        yield f"<{node.tagName}"
        for name, value in node.attributes.items():
            if name not in declared or bound.get(name) != value:
                yield f" {name}={quoteattr(value)}"
        if node.childNodes:
            yield ">"
            for child in node.childNodes:
                yield from _written(child, {**bound, **declared} if declared else bound)
            yield f"</{node.tagName}>"
        else:
            yield "/>"
