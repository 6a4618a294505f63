"""A page as tests read it."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Reads a page, and insists on balanced tags, unique ids and links that lead somewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(html)
        self.close()
        assert self.open == []
        ids = [attributes["id"] for _, attributes in self.attributes if "id" in attributes]
        assert len(ids) == len(set(ids))
        referred = {
            value for _, each in self.attributes for key, value in each.items() if key == "aria-labelledby"
        }
        referred |= {value[1:] for _, each in self.attributes if (value := each.get("href"))}
        assert referred <= set(ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(" ".join(data.split()))

    def words(self) -> str:
        """All that a reader sees."""
        hidden = {"style", "title"}
        return " ".join(word for tag, words in self.text.items() if tag not in hidden for word in words)

    def of(self, tag: str) -> list[str]:
        """What stands in elements of a kind."""
        return self.text.get(tag, [])

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of elements of a kind."""
        return [attributes for name, attributes in self.attributes if name == tag]
