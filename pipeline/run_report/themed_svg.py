"""A Matplotlib figure as SVG that takes the page's colours and fonts, light or dark."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stand-ins that Matplotlib draws with, and what the page has in their place.
INK: Final = "#010101"
LINE: Final = "#020202"
BAR: Final = "#030303"
MARK: Final = "#040404"
TRAIN_LINE: Final = "#050505"
EVAL_LINE: Final = "#060606"
_THEME: Final = {
    INK: "currentColor",
    LINE: "var(--line)",
    BAR: "var(--bar)",
    MARK: "var(--mark)",
    TRAIN_LINE: "var(--train)",
    EVAL_LINE: "var(--eval)",
}


def themed_svg(figure: Figure, name: str, title: str) -> str:
    """Draws the figure as an `<svg>` element, the same bytes for the same figure.

    Args:
        figure: drawn with this module's colours.
        name: unique on the page.
        title: what the chart says, for those who cannot see it.
    """
    # Matplotlib takes its time to be imported.
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    drawn = io.StringIO()
    # Text stays text, in the page's own font.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        FigureCanvasSVG(figure).print_svg(drawn, metadata=nothing)
    svg = drawn.getvalue()
    (view_box,) = re.findall(r'<svg[^>]* viewBox="([^"]+)"', svg)
    # Without the XML prologue, and without the style sheet, which would hold for the whole page.
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    # Every chart has the same groups; only ids that are referred to stay, and those are salted.
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", body)
    body = re.sub(r" font-family: [^;\"]*;", "", body)
    for stand_in, colour in _THEME.items():
        body = body.replace(stand_in, colour)
    return (
        f'<svg class="chart" viewBox="{view_box}" role="img" aria-labelledby="{name}-title">\n'
        f'<title id="{name}-title">{escape(title)}</title>{body}'
    )
