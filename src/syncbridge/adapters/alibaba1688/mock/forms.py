"""What a request carries: a query, a form, or parts of which the files are not signed (1688.md §1.2)."""

from __future__ import annotations

import email
from urllib.parse import parse_qsl

from syncbridge.adapters.alibaba1688.mock.refusals import bad_parameter


def read_form(query: str, content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """The parameters, and the file parts by their names; raises GatewayRefusal for bytes that are no text."""
    params = dict(parse_qsl(query, keep_blank_values=True))
    if content_type.lower().startswith("multipart/form-data"):
        texts, files = _parts(content_type, body)
        return params | texts, files
    try:
        return params | dict(parse_qsl(body.decode(), keep_blank_values=True)), {}
    except UnicodeDecodeError as error:
        raise bad_parameter("the body is no UTF-8") from error


def _parts(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    texts: dict[str, str] = {}
    files: dict[str, bytes] = {}
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace")
    for part in email.message_from_bytes(head + body).walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        if part.get_filename() is None:
            texts[name] = content.decode("utf-8", "replace")
        else:
            files[name] = content
    return texts, files
