import os
import sys

import pytest
from node_asgi_worker import importer, lifespan, packages


def missing(name):
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def message(name):
    return packages.describe(missing(name))[1]


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Makes this interpreter look as if it were in an environment of its own."""
    docroot = tmp_path / "app"
    docroot.mkdir()
    monkeypatch.chdir(docroot)

    def pretend(prefix, *files, config="", base="/usr"):
        prefix = tmp_path / prefix
        prefix.mkdir(parents=True, exist_ok=True)
        (prefix / "pyvenv.cfg").write_text(config)
        for file in files:
            path = prefix / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        monkeypatch.setattr(sys, "prefix", str(prefix))
        monkeypatch.setattr(sys, "base_prefix", base)
        monkeypatch.setattr(sys, "executable", f"{prefix}/bin/python3")
        return prefix

    return pretend


def test_an_environment_of_venv(environment):
    prefix = environment("app/.venv", config="version = 3.11.7\n")
    assert message("absent").endswith(f"run: {prefix}/bin/python3 -m pip install absent")


def test_an_environment_without_pip(environment, monkeypatch):
    prefix = environment("app/.venv")
    find_spec = packages.importlib.util.find_spec
    monkeypatch.setattr(
        packages.importlib.util,
        "find_spec",
        lambda name: None if name == "pip" else find_spec(name),
    )
    python = f"{prefix}/bin/python3"
    assert packages.install_command("x") == f"{python} -m ensurepip && {python} -m pip install x"


def test_an_environment_of_uv_has_no_pip(environment):
    prefix = environment("app/.venv", config="home = /usr/bin\nuv = 0.9.2\n")
    command = packages.install_command("fastapi")
    assert command == f"uv pip install --python {prefix}/bin/python3 fastapi"


@pytest.mark.parametrize(("file", "command"), packages.PROJECTS.items())
def test_a_project_with_a_lock_file_adds_the_package_itself(environment, file, command):
    prefix = environment("app/.venv", f"../{file}", config="uv = 0.9.2\n")
    assert packages.install_command("x") == f"cd {prefix.parent} && {command} x"


def test_an_environment_that_poetry_keeps_elsewhere(environment, tmp_path):
    environment("cache/pypoetry/virtualenvs/app-Xy1-py3.11", config="virtualenv = 20.1\n")
    (tmp_path / "poetry.lock").write_text("")
    assert packages.install_command("x") == f"cd {tmp_path} && poetry add x"


def test_an_environment_that_pipenv_keeps_elsewhere(environment, tmp_path):
    prefix = environment("share/virtualenvs/app-Xy1")
    (prefix / ".project").write_text(f"{tmp_path}/app\n")
    (tmp_path / "app/Pipfile").write_text("")
    assert packages.install_command("x") == f"cd {tmp_path}/app && pipenv install x"


def test_an_environment_of_conda(environment):
    prefix = environment("envs/web", "conda-meta/history")
    command = f"conda install --prefix {prefix} --channel conda-forge"
    assert message("absent").endswith(f"run: {command} absent")
    assert message("cv2").endswith(f"run: {command} opencv")


def test_an_environment_of_pixi(environment, tmp_path):
    environment(".pixi/envs/default", "conda-meta/history")
    assert packages.install_command("x") == f"cd {tmp_path} && pixi add x"


def test_an_interpreter_that_belongs_to_the_system(environment, tmp_path, monkeypatch):
    environment("usr", base=str(tmp_path / "usr"))
    python = sys.executable
    monkeypatch.setattr(os, "__file__", str(tmp_path / "os.py"))
    assert packages.install_command("x") == f"{python} -m pip install x"
    (tmp_path / "EXTERNALLY-MANAGED").write_text("")
    venv = f"{os.getcwd()}/.venv"
    expected = f"{python} -m venv {venv} && {venv}/bin/python -m pip install x"
    assert packages.install_command("x") == expected


def test_a_directory_with_a_space_can_be_pasted_into_a_shell(environment):
    prefix = environment("my envs/web")
    assert packages.install_command("x") == f"'{prefix}/bin/python3' -m pip install x"


@pytest.mark.parametrize(
    ("module", "package"),
    [("cv2", "opencv-python"), ("yaml", "pyyaml"), ("PIL.Image", "pillow")],
)
def test_a_package_whose_name_is_not_that_of_the_module(environment, module, package):
    environment("app/.venv")
    assert message(module).endswith(f"pip install {package}")


def test_a_name_that_many_packages_share(environment):
    environment("app/.venv")
    text = message("google.cloud.storage")
    assert "the package that provides 'google.cloud.storage'" in text
    assert "pip install google" not in text


def test_a_part_of_python_was_offered_for_installation():
    for name in ("_sqlite3", "tkinter"):
        text = message(name)
        assert "install" not in text.replace("installed without", "")
        assert sys.executable in text
        assert "{option:python}" in text


def test_a_part_of_a_package_that_is_installed_was_offered_for_installation(environment):
    environment("app/.venv")
    text = message("pytest.nothing_like_this")
    assert pytest.__file__ in text
    assert "pip install" not in text


@pytest.mark.parametrize("where", ["..", "lib"])
def test_a_module_of_the_project_was_offered_for_installation(environment, tmp_path, where):
    environment("envs/x")
    own = tmp_path / "app" / where
    own.mkdir(exist_ok=True)
    (own / "settings_of_this_test.py").write_text("")
    text = message("settings_of_this_test")
    assert "settings_of_this_test.py exists" in text
    assert "{option:docroot}" in text
    assert "pip install" not in text


def test_a_wrong_target_was_offered_for_installation(environment):
    environment("app/.venv")
    with pytest.raises(importer.AppImportError) as caught:
        importer.load_module("wrong_target_of_this_test")
    assert "pip install" not in caught.value.message


def test_a_package_in_the_list_to_preload(environment):
    environment("app/.venv")
    with pytest.raises(importer.AppImportError) as caught:
        importer.load_package("absent")
    assert "pip install absent" in caught.value.message


def test_other_exceptions_and_odd_names_have_no_advice():
    class Odd(ModuleNotFoundError):
        pass

    odd = Odd("x")
    odd.name = 5
    for exc in (ValueError("x"), ImportError("x", name="y"), odd, missing("x" * 5000)):
        assert packages.describe(exc)[1] == str(exc)


def test_a_module_that_lifespan_startup_imports(environment):
    environment("app/.venv")
    starting = lifespan.Lifespan(None, "on")
    starting._exception = missing("redis_of_this_test")
    assert "pip install redis_of_this_test" in starting._startup_failed("").message
