"""Which installs need a few files only."""

from collections.abc import Mapping

import pytest

from dockcache_tui.core.explain.dependencies import INSTALLERS, Install, install_of

NODE = {"package.json": '{"dependencies": {"a": "^1"}, "scripts": {"build": "x"}}'}
ALONE = [
    ("npm ci", NODE, "package-lock.json"),
    ("npm install --no-audit --loglevel=error", NODE, ""),
    ("npm ci --ignore-scripts", {"package.json": '{"scripts": {"prepare": "x"}}'}, "package-lock.json .npmrc"),
    ("yarn install --frozen-lockfile", NODE, "yarn.lock"),
    ("yarn", NODE, "yarn.lock"),
    ("pnpm i --prod --frozen-lockfile", NODE, "pnpm-lock.yaml"),
    ("pip install --no-cache-dir -r requirements.txt", {"requirements.txt": "# a\na==1\nb @ https://c/d.whl\n"}, ""),
    ("python3 -m pip install -r ./requirements.txt -q", {"requirements.txt": "a>=1 # b/c"}, ""),
    ("go mod download", {"go.mod": "module a\nrequire b v1\nreplace b => c v2"}, "go.sum"),
    ("bundle install --jobs 4", {"Gemfile": 'source "https://rubygems.org"\ngem "rails"'}, "Gemfile.lock"),
    ("composer install --no-dev --no-scripts --no-autoloader", {"composer.json": "{}"}, "composer.lock"),
    ("mvn -B dependency:go-offline", {"pom.xml": "<parent><relativePath/></parent>"}, ""),
]
NOT_ALONE = [
    ("npm ci && npm run build", NODE, "package-lock.json"),
    ("npm ci --prefix /other", NODE, "package-lock.json"),
    ("npm ci", NODE, "node_modules"),
    ("npm ci", NODE, "binding.gyp"),
    ("npm ci", {"package.json": '{"dependencies": {"a": "file:../a"}}'}, ""),
    ("npm ci", {"package.json": '{"dependencies": {"a": 1}}'}, ""),
    ("npm ci", {"package.json": "[]"}, ""),
    ("yarn", NODE, ""),
    ("yarn", NODE, "yarn.lock .yarnrc.yml"),
    ("pnpm install", NODE, "pnpm-lock.yaml pnpm-workspace.yaml"),
    ("pip install -r requirements.txt -t lib", {"requirements.txt": "a"}, ""),
    ("pip install -r requirements.txt", {"requirements.txt": "a\n-e .\n"}, ""),
    ("pip install -r requirements.txt", {"requirements.txt": "-r other.txt"}, ""),
    ("pip install -r requirements.txt", {"requirements.txt": "vendor/a.whl"}, ""),
    ("go mod download", {"go.mod": "replace b => ../b"}, "go.sum"),
    ("go mod download", {"go.mod": "module a"}, "go.sum go.work"),
    ("go mod download", {"go.mod": "module a"}, ""),
    ("bundle install", {"Gemfile": 'gem "a", path: "a"'}, "Gemfile.lock"),
    ("bundle install", {"Gemfile": "ruby file: '.ruby-version'"}, "Gemfile.lock"),
    ("composer install --no-dev", {"composer.json": "{}"}, "composer.lock"),
    (
        "composer install --no-scripts --no-autoloader",
        {"composer.json": '{"repositories": [{"type": "path", "url": "x"}]}'},
        "composer.lock",
    ),
    ("mvn dependency:resolve", {"pom.xml": "<modules>"}, ""),
    ("cargo fetch", {"Cargo.toml": ""}, "Cargo.lock"),
    ("./gradlew dependencies", {"build.gradle": ""}, ""),
]


@pytest.mark.parametrize(("command", "texts", "more"), ALONE)
def test_alone(command: str, texts: Mapping[str, str], more: str) -> None:
    """Plain installs of each kind need what describes them, and all of that is named."""
    told = {*texts, *more.split()}
    assert install_of(command, {*told, "src"}, texts) == Install(
        tuple(sorted(told, key=lambda name: (name not in texts, name == ".npmrc"))), is_alone=True
    )


@pytest.mark.parametrize(("command", "texts", "more"), NOT_ALONE)
def test_not_alone(command: str, texts: Mapping[str, str], more: str) -> None:
    """What may need more, or write what is copied, is named, but is not sure."""
    found = install_of(command, {*texts, *more.split()}, texts)
    assert found
    assert not found.is_alone
    assert not (known := install_of(command, {*texts, *more.split()}, {})) or not known.is_alone


def test_none() -> None:
    """Other commands, and installs without their files, are none."""
    assert install_of("make", {"package.json"}, NODE) is None
    assert install_of("npm ci", {"src"}, {}) is None
    assert install_of("npm run ci", {"package.json"}, NODE) is None


def test_each_is_tried() -> None:
    """There is a case of each kind of install."""
    tried = {one.needs for command, *_ in (*ALONE, *NOT_ALONE) for one in INSTALLERS if one.like.match(command)}
    assert tried == {one.needs for one in INSTALLERS}
