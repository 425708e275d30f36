"""The build hook: puts the built webmail into the package."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))

import webmail


class WebmailHook(BuildHookInterface[Any]):
    """Builds web/ unless it is current or PILLARBOX_NO_WEB=1."""

    def dependencies(self) -> list[str]:
        """Node comes from a wheel when it is needed and the machine has none that is new enough."""
        if os.environ.get("PILLARBOX_NO_WEB") == "1" or webmail.current() or webmail.machine_node():
            return []
        return [webmail.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before anything is packed."""
        webmail.build()
