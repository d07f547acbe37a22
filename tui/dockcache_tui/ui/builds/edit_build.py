"""Change what will be built, and how, before it is built again."""

import shlex
from collections.abc import Callable
from dataclasses import replace

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.next_build import argument_words, with_arguments
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.shared.modal import BoxScreen, Tick


class EditBuild(BoxScreen[BuildSpec]):
    """A form over a build's spec; answers with the changed one."""

    DEFAULT_CSS = """
    EditBuild {
        & Grid { grid-size: 2; grid-columns: 18 1fr; grid-rows: 1; grid-gutter: 1 1; height: auto; margin: 1 0; }
        & Label { color: $foreground-muted; }
        & Input { padding: 0 1; background: $boost; }
        & Horizontal { height: 3; align-horizontal: right; }
        & Button { margin-left: 2; }
        & #wrong { color: $error; height: auto; }
    }
    """

    def __init__(self, spec: BuildSpec) -> None:
        """Take the spec to start from."""
        super().__init__()
        self._spec = spec

    def compose(self) -> ComposeResult:
        """Lay out one line an option."""
        spec = self._spec
        arguments = shlex.join(argument_words(spec.build_args))
        fields = (
            ("target", "Target", "the last stage", spec.target),
            ("args", "Build arguments", "NAME=VALUE, or NAME for the environment's", arguments),
            ("from", "Cache from", "such as type=gha,scope=app", shlex.join(spec.cache_from)),
            ("to", "Cache to", "such as type=local,dest=cache", shlex.join(spec.cache_to)),
            ("builder", "Builder", "the current one", spec.builder),
        )
        with VerticalScroll(classes="box") as box:
            box.border_title = Text(literal(f"Build {spec.file or f'what {spec.kind} says'} of {spec.project}"))
            with Grid():
                for name, label, example, value in fields:
                    yield Label(label, markup=False)
                    # An input draws what it holds: text that a terminal would act on is shown, not edited.
                    yield Input(
                        literal(value), placeholder=example, id=f"edit-{name}", disabled=literal(value) != value
                    )
                yield Label("Without cache", markup=False)
                yield Tick("build every step again", value=spec.no_cache, id="edit-no-cache")
            yield Static(id="wrong", markup=False)
            with Horizontal():
                yield Button("Cancel", id="no")
                yield Button("Build", id="yes", variant="primary")

    def on_mount(self) -> None:
        """Start at the target."""
        self.query("Input:enabled").first(Input).focus()

    @on(Button.Pressed, "#no")
    def _cancel(self) -> None:
        self.dismiss(None)

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _build(self) -> None:
        try:
            self.dismiss(self._edited())
        except (ValueError, UsageError) as error:
            self.query_one("#wrong", Static).update(Text(literal(str(error))))

    def _edited(self) -> BuildSpec:
        texts = {name: self.query_one(f"#edit-{name}", Input) for name in ("target", "args", "from", "to", "builder")}
        spec = replace(self._spec, no_cache=self.query_one("#edit-no-cache", Tick).value)
        for name, field in texts.items():
            if not field.disabled:
                spec = _CHANGES[name](spec, field.value.strip())
        return spec


_CHANGES: dict[str, Callable[[BuildSpec, str], BuildSpec]] = {
    "target": lambda spec, text: replace(spec, target=text),
    "args": lambda spec, text: replace(spec, build_args=with_arguments((), shlex.split(text))),
    "from": lambda spec, text: replace(spec, cache_from=tuple(shlex.split(text))),
    "to": lambda spec, text: replace(spec, cache_to=tuple(shlex.split(text))),
    "builder": lambda spec, text: replace(spec, builder=text),
}
