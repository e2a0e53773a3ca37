"""How a person has the dashboard."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

PANELS: Final = ("hosts", "systems")


@dataclass(frozen=True, slots=True)
class Look:
    """What was chosen of how the dashboard looks; None where nothing was.

    `theme`: one of Textual's. `columns`: keys of `widgets.column`; empty leaves them to the room
    there is. `panels`: those of `PANELS` beside a wide table; `panel`: the one below a narrow one,
    empty for none. `timeline`: whether there is one. `sort`: by which column, with `-` in front
    from the highest value down. `follow`: whether the newest connection is followed at first.
    """

    theme: str | None = None
    columns: tuple[str, ...] | None = None
    panels: tuple[str, ...] | None = None
    panel: str | None = None
    timeline: bool | None = None
    sort: str | None = None
    follow: bool | None = None

    def over(self, other: Look) -> Look:
        """This, and what the other one says where this says nothing."""
        return replace(other, **self.chosen())

    def since(self, before: Look) -> Look:
        """What is another than it was before."""
        then = before.chosen()
        return Look(
            **{key: value for key, value in self.chosen().items() if then.get(key) != value}
        )

    def chosen(self) -> dict[str, Any]:
        """What was chosen, by the fields' names."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


NO_LOOK: Final = Look()
"""Nothing was chosen."""
