"""XMP: the mark of pictures that a machine made, and our own facts in a name of our own."""

from __future__ import annotations

import re
from xml.parsers import expat
from xml.sax.saxutils import escape

from ..wire.provenance import Provenance
from .file_parts import MOST_TEXT

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
OUR_NAMES = "https://schema.coursia-genai-lab.org/provenance/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_BAD_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def source_type(facts: Provenance) -> str:
    """Return IPTC's name for how a picture came to be: the demo engine was never trained."""
    kind = "algorithmicMedia" if facts.demo else "trainedAlgorithmicMedia"
    return SOURCE_TYPES + kind


def packet(facts: Provenance, *, text: str = "", more: str = "") -> str:
    """Return the packet; `text` our facts as JSON, `more` the name of a second packet."""
    inside = [
        f"<Iptc4xmpExt:DigitalSourceType>{source_type(facts)}</Iptc4xmpExt:DigitalSourceType>",
        f"<xmp:CreatorTool>{_safe(facts.software)}</xmp:CreatorTool>",
        f"<xmp:CreateDate>{_safe(facts.made_at)}</xmp:CreateDate>",
    ]
    if more:
        inside.append(f"<xmpNote:HasExtendedXMP>{more}</xmpNote:HasExtendedXMP>")
    if text:
        inside.append(f"<genai:provenance>{_safe(text)}</genai:provenance>")
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'{_described("".join(inside))}<?xpacket end="r"?>'
    )


def second_packet(text: str) -> str:
    """Return what holds our facts where they are too long for the first packet."""
    return _described(f"<genai:provenance>{_safe(text)}</genai:provenance>")


def facts_in(data: bytes) -> str | None:
    """Return our JSON out of a packet from anywhere; None where there is none."""
    if OUR_NAMES.encode("ascii") not in data:
        return None
    found = _Found()
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    parser.StartDoctypeDeclHandler = found.refuse
    parser.StartElementHandler = found.start
    parser.EndElementHandler = found.end
    parser.CharacterDataHandler = found.characters
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):
        return None
    return "".join(found.text) or None


class _Found:
    """What is between our own tags, or in our own attribute: tools write either."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._inside = False
        self._size = 0

    def refuse(self, *declared: object) -> None:
        # Nothing of XMP needs it, and it is how small documents become large ones.
        raise ValueError("a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._inside = name == _PROVENANCE and not self.text
        if not self.text and _PROVENANCE in attributes:
            self.characters_of(attributes[_PROVENANCE])

    def end(self, name: str) -> None:
        self._inside = False

    def characters(self, text: str) -> None:
        if self._inside:
            self.characters_of(text)

    def characters_of(self, text: str) -> None:
        self._size += len(text)
        if self._size > MOST_TEXT:
            raise ValueError("too long")
        self.text.append(text)


_PROVENANCE = f"{OUR_NAMES} provenance"


def _described(inside: str) -> str:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' xmlns:xmpNote="{_NOTE}" xmlns:genai="{OUR_NAMES}">'
        f"{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def _safe(text: str) -> str:
    return escape(_BAD_IN_XML.sub("\ufffd", text))
