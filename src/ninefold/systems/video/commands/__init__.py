"""The commands `ninefold video …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.video.commands.model import show_model
from ninefold.systems.video.commands.profiles import profiles
from ninefold.systems.video.commands.titles import titles
from ninefold.systems.video.commands.upload import upload

video = App(name="video", help="Upload titles, and manage them.")
video.command(upload, name="upload")
video.command(titles)
video.command(profiles)
video.command(show_model, name="model")

COMMANDS: Final = (video,)
