"""The commands `ninefold video …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.video.commands.titles import titles
from ninefold.systems.video.commands.upload import upload

video = App(name="video", help="Upload titles, and manage them.")
video.command(upload, name="upload")
video.command(titles)

COMMANDS: Final = (video,)
