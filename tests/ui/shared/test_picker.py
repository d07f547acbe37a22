"""The picker: what is typed narrows it, and what is meant most likely comes first."""

from textual.app import App

from dockcache_tui.ui.shared.picker import Choice, Picker


async def test_a_whole_name_comes_before_a_part_of_one() -> None:
    """A number that is typed is a pull request's before it is a part of another choice's project."""
    answers: list[str | None] = []
    app: App[None] = App()
    async with app.run_test() as pilot:
        offered = [
            Choice("main", "main of acme/web-7"),
            Choice("seven", "#7 of acme/web-7"),
            Choice("dev", "dev", "7 of"),
        ]
        app.push_screen(Picker("Branch", offered), answers.append)
        await pilot.press("7", "enter")
    assert answers == ["seven"]
