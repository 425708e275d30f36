"""`pillarbox serve`: the server in the foreground."""

import structlog

from pillarbox.app import run, worker_count
from pillarbox.cli.place import Common, settings_file
from pillarbox.config.file import load
from pillarbox.config.settings import Settings
from pillarbox.core import log


def serve(*, common: Common = Common()) -> int:
    """Serve until SIGTERM or Ctrl-C, which finish what is under way. SIGHUP reads the certificate again."""
    file = settings_file(common)
    settings = load(file)
    log.configure(settings.log.level, json=settings.log.json or common.json)
    return run(settings, file, _ready)


def _ready(settings: Settings) -> None:
    ports = {name: str(endpoint) for name, endpoint in settings.endpoints().items()}
    structlog.get_logger().info("app.ready", workers=worker_count(settings), **ports)
