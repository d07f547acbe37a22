"""Installs of dependencies that need a few files only, and so may stand above the copy of all others."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

Texts = Mapping[str, str]
"""What is in files at the top of a context, by their names."""

_SCRIPTS = {"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"}
"""What npm runs after an install, which may need any file."""
_LISTS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LOCAL = re.compile(r"(file|link|portal|workspace|patch):|[./~]")
_NPM = r"audit|fund|optional|progress"
_NODE = (
    rf"(?: --(?:no-(?:{_NPM})|omit=\w+|only=\w+|(?:prod|production|quiet|silent|force|ignore-scripts)|prefer-offline"
)
_NODE += r"|legacy-peer-deps|frozen-lockfile|immutable|pure-lockfile|non-interactive|loglevel[= ]\w+))*"
_PIP = r"(?: (?:--(?:no-cache-dir|upgrade|quiet|no-deps|require-hashes|disable-pip-version-check|no-input)|-q|-U))*"


@dataclass(frozen=True, slots=True)
class Installer:
    """A command that installs what a project depends on."""

    words: re.Pattern[str]
    """The command where it is sure what it does."""
    like: re.Pattern[str]
    """How it begins, whatever follows."""
    needs: tuple[str, ...]
    """Files without which it is not sure."""
    takes: tuple[str, ...]
    """Files that it reads where they are there."""
    not_beside: tuple[str, ...]
    """Paths beside which it needs more, or which it writes."""
    is_alone: Callable[[str, Texts], bool]
    """Tells of a command whether it needs no other file, by what is in those that it needs."""


def _node_is_alone(command: str, texts: Texts) -> bool:
    try:
        told = json.loads(texts["package.json"])
        wanted = {name: found for which in _LISTS for name, found in (told.get(which) or {}).items()}
        scripts = set(told.get("scripts") or ()) & _SCRIPTS and "--ignore-scripts" not in command
        local = any(_LOCAL.match(found) for found in wanted.values())
    except (ValueError, TypeError, AttributeError):
        return False
    return not (scripts or local or told.get("workspaces") or told.get("pnpm") or told.get("resolutions"))


def _pip_is_alone(_: str, texts: Texts) -> bool:
    lines = (line.partition(" #")[0].strip() for line in texts["requirements.txt"].splitlines())
    wanted = [
        line for line in lines if line and not line.startswith(("#", "--hash", "--index-url", "--extra-index-url"))
    ]
    return not any(
        line.startswith(("-", ".")) or "file:" in line or "$" in line or ("/" in line and "://" not in line)
        for line in wanted
    )


def _go_is_alone(_: str, texts: Texts) -> bool:
    return not re.search(r"=>\s*(\.|/)", texts["go.mod"])


def _bundler_is_alone(_: str, texts: Texts) -> bool:
    reads = r"\b(path|gemspec|eval_gemfile|require_relative|load|File|Dir|IO|Pathname|file)\b|`|%x"
    return not re.search(reads, texts["Gemfile"])


def _composer_is_alone(command: str, texts: Texts) -> bool:
    try:
        told = json.loads(texts["composer.json"])
        repositories = json.dumps(told.get("repositories") or ())
        plugins = (told.get("config") or {}).get("allow-plugins") and "--no-plugins" not in command
    except (ValueError, TypeError, AttributeError):
        return False
    local = re.search(r'"(path|artifact)"|"url": "[./]', repositories)
    return {"--no-scripts", "--no-autoloader"} <= set(command.split()) and not (local or plugins)


def _maven_is_alone(_: str, texts: Texts) -> bool:
    text = texts["pom.xml"]
    has_parent = "<parent>" in text and not re.search(r"<relativePath\s*/>", text)
    return not has_parent and not re.search(r"<modules>|<systemPath>|basedir\}|<extensions?>", text)


_NEVER = re.compile("(?!)")
_NODE_NOT_BESIDE = ("node_modules", "binding.gyp", ".yarnrc.yml", ".pnp.cjs", "pnpm-workspace.yaml", ".pnpmfile.cjs")
INSTALLERS = (
    Installer(
        re.compile(rf"npm (?:ci|install|i|clean-install){_NODE}"),
        re.compile(r"npm (?:ci|i|install|clean-install)\b"),
        ("package.json",),
        ("package-lock.json", "npm-shrinkwrap.json", ".npmrc"),
        _NODE_NOT_BESIDE,
        _node_is_alone,
    ),
    Installer(
        re.compile(rf"yarn(?: install)?{_NODE}"),
        re.compile(r"yarn(?: install\b| --|$)"),
        ("package.json", "yarn.lock"),
        (".npmrc", ".yarnrc"),
        _NODE_NOT_BESIDE,
        _node_is_alone,
    ),
    Installer(
        re.compile(rf"pnpm (?:install|i){_NODE}"),
        re.compile(r"pnpm (?:install|i)\b"),
        ("package.json", "pnpm-lock.yaml"),
        (".npmrc",),
        _NODE_NOT_BESIDE,
        _node_is_alone,
    ),
    Installer(
        re.compile(rf"(?:python3? -m )?pip3? install{_PIP} (?:-r|--requirement)[ =]?(?:\./)?requirements\.txt{_PIP}"),
        re.compile(r"(?:python3? -m )?pip3? install\b.* -r "),
        ("requirements.txt",),
        (),
        (),
        _pip_is_alone,
    ),
    Installer(
        re.compile("go mod download(?: -x)?"),
        re.compile("go mod download"),
        ("go.mod", "go.sum"),
        (),
        ("vendor", "go.work"),
        _go_is_alone,
    ),
    Installer(
        re.compile(r"bundle install(?: --(?:jobs|retry)[= ]\d+| -j ?\d+| --quiet)*"),
        re.compile("bundle install"),
        ("Gemfile", "Gemfile.lock"),
        (),
        (".bundle", "vendor", "gems.rb"),
        _bundler_is_alone,
    ),
    Installer(
        re.compile(
            r"composer install"
            r"(?: --(?:no-(?:dev|scripts|autoloader|interaction|progress|plugins)|prefer-dist|quiet)| -[nq])*"
        ),
        re.compile("composer install"),
        ("composer.json", "composer.lock"),
        (),
        ("vendor", "auth.json"),
        _composer_is_alone,
    ),
    Installer(
        re.compile(r"mvn(?: -(?:B|q|ntp|-batch-mode|-no-transfer-progress|-quiet))* dependency:(?:go-offline|resolve)"),
        re.compile(r"mvn\b.* dependency:"),
        ("pom.xml",),
        (),
        (".mvn", "target"),
        _maven_is_alone,
    ),
    Installer(
        _NEVER,
        re.compile(r"cargo (?:fetch|build|install)\b"),
        ("Cargo.toml",),
        ("Cargo.lock",),
        (),
        lambda *_: False,
    ),
    Installer(
        _NEVER,
        re.compile(r"(?:gradle|\./gradlew) "),
        ("build.gradle",),
        ("settings.gradle",),
        (),
        lambda *_: False,
    ),
)
MANIFESTS = frozenset(name for installer in INSTALLERS for name in installer.needs[:1])
"""The files whose text decides what an install needs."""


@dataclass(frozen=True, slots=True)
class Install:
    """An install of what a project depends on, and the files it reads."""

    files: tuple[str, ...]
    is_alone: bool
    """Whether it is sure to need nothing else, and to write nothing that is copied."""


def install_of(command: str, paths: Collection[str], texts: Texts) -> Install | None:
    """Return the install that a command is, None for another; `paths` are all that is at the top of the context."""
    for one in INSTALLERS:
        if one.like.match(command) and one.needs[0] in paths:
            files = tuple(name for name in (*one.needs, *one.takes) if name in paths)
            known = set(one.needs) <= set(paths) and one.needs[0] in texts
            is_clear = bool(one.words.fullmatch(command)) and not set(one.not_beside) & set(paths)
            return Install(files, known and is_clear and one.is_alone(command, texts))
    return None
