"""Settings, lists, memory and liveness of the AUTOMATIC1111 dialect."""

from __future__ import annotations

from .a1111_http import A1111
from .a1111_models import CHECKPOINTS, LISTS, described, title
from .a1111_order import A1111Error, checkpoint


class Options(A1111):
    """The settings."""

    def get(self) -> None:
        """Answer with all settings."""
        self.write_json(self.engine.a1111.options)

    def post(self) -> None:
        """Change some; names that there are not change nothing."""
        options = self.engine.a1111.options
        try:
            given = {name: value for name, value in self.body().items() if name in options}
            if given.get("sd_model_checkpoint") is not None:
                given["sd_model_checkpoint"] = title(checkpoint(given["sd_model_checkpoint"]))
        except A1111Error as error:
            self.write_json(error.body, error.status)
            return
        kinds = {name: type(options[name]) for name in given}
        options.update({n: value for n, value in given.items() if type(value) is kinds[n]})
        self.write_json(None)


class Lists(A1111):
    """What there is: models, samplers, schedulers and the rest, most of it empty."""

    def get(self, what: str) -> None:
        """Answer with one list."""
        models = [described(file) for file in CHECKPOINTS]
        self.write_json(models if what == "sd-models" else LISTS[what])


class Memory(A1111):
    """How much memory there is."""

    def get(self) -> None:
        """Answer that there is no GPU."""
        ram = {"free": 6 * 2**30, "used": 2 * 2**30, "total": 8 * 2**30}
        self.write_json({"ram": ram, "cuda": {"error": "The demo engine uses no GPU."}})


class Reload(A1111):
    """Frees the GPU and takes it back, or looks for new files: either costs nothing here."""

    def post(self, what: str) -> None:
        """Forget what would serve an identical call again."""
        self.engine.comfy.free()
        self.write_json({})


class Ping(A1111):
    """Liveness as the page of the real server asks for it."""

    def get(self) -> None:
        """Answer."""
        self.write_json({})
