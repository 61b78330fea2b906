import sys

import pytest
from node_asgi_worker import errors, importer
from node_asgi_worker.importer import AppImportError, Target, load_module, parse_target


def load_app(target, factory=False):
    return importer.load_app(target, factory, "auto", 1)


def failure(target, factory=False):
    with pytest.raises(AppImportError) as caught:
        load_app(target, factory)
    return caught.value


def test_an_app_of_a_module(apps):
    assert load_app("main:app") is sys.modules["main"].app


def test_a_nested_attribute_of_a_package(apps):
    assert load_app("pkg.mod:holder.app").__self__ is sys.modules["pkg.mod"].holder


def test_a_factory(apps):
    app = load_app("factory_app:create_app", factory=True)
    assert app is not load_app("factory_app:create_app", factory=True)


@pytest.mark.parametrize(
    "target",
    [
        *("main:", ":app", "main:app:x", "main:a-pp", ".main:app", "main:app.", "", "main()"),
        *("main:()", "main:app(1)", "main:app()()", "main:app().x", "main:app ()"),
    ],
)
def test_a_target_of_the_wrong_form(target):
    error = failure(target)
    assert error.kind == "ValueError"
    assert repr(target) in error.message


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("pkg.mod:holder.app", Target("pkg.mod", ("holder", "app"), False)),
        ("pkg.mod:holder.app()", Target("pkg.mod", ("holder", "app"), True)),
        ("pkg.mod", Target("pkg.mod", ("app",), False)),
        ("my-app:app", Target("my-app", ("app",), False)),
    ],
)
def test_a_target_is_parsed(target, expected):
    assert parse_target(target) == expected


def test_a_module_alone_means_its_app(apps):
    assert load_app("main") is sys.modules["main"].app


def test_a_module_alone_without_an_app_says_which_attribute_is_missing(apps):
    assert "'factory_app' has no attribute 'app'" in failure("factory_app").message


@pytest.mark.parametrize("factory", [False, True])
def test_parentheses_call_a_factory_once(apps, factory):
    app = load_app("factory_app:create_app()", factory)
    assert callable(app)
    assert app is not load_app("factory_app:create_app()", factory)


def test_a_module_that_does_not_exist_says_where_it_looked(apps):
    error = failure("slow_ap:app")
    assert error.kind == "ModuleNotFoundError"
    for fact in ("'slow_ap'", str(apps), "did you mean", "'slow_app'"):
        assert fact in error.message
    assert error.traceback == ""


def test_a_missing_module_of_a_package(apps):
    error = failure("pkg.mood:app")
    assert "'pkg.mood'" in error.message
    assert "'mod'" in error.message


def test_a_missing_package(apps):
    error = failure("nothing.like.this:app")
    assert "'nothing'" in error.message
    assert "'nothing.like.this'" in error.message


def test_a_module_used_as_a_package(apps):
    assert "'main' is a module, not a package" in failure("main.sub:app").message


def test_a_module_one_directory_down_is_pointed_out(tmp_path, monkeypatch):
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "server_of_this_test.py").write_text("app = None")
    monkeypatch.syspath_prepend(str(tmp_path))
    message = failure("server_of_this_test:app").message
    assert "backend/server_of_this_test.py" in message
    assert errors.option("docroot") in message


def test_a_dependency_that_is_missing_is_not_the_module_itself(apps):
    error = failure("import_error_app:app")
    assert error.kind == "ModuleNotFoundError"
    for fact in (
        "'import_error_app'",
        "'a_module_that_is_not_installed'",
        f"{sys.executable} -m pip install a_module_that_is_not_installed",
    ):
        assert fact in error.message
    assert 'import_error_app.py", line 3' in error.traceback


def test_an_exception_at_import_keeps_only_frames_of_the_app(apps):
    error = failure("raise_at_import_app:app")
    assert error.kind == "RuntimeError"
    assert "'raise_at_import_app'" in error.message
    assert error.message.endswith(": DATABASE_URL is not set")
    first_frame = error.traceback.splitlines()[1]
    assert "raise_at_import_app.py" in first_frame
    assert "in read_configuration" in error.traceback


def test_a_syntax_error_says_where(apps):
    error = failure("syntax_error_app:app")
    assert error.kind == "SyntaxError"
    assert 'syntax_error_app.py", line 4' in error.traceback
    assert "importlib" not in error.traceback


def test_sys_exit_at_import(apps):
    error = failure("exit_at_import_app:app")
    assert error.kind == "SystemExit"
    assert "sys.exit('configuration is missing')" in error.message
    assert 'exit_at_import_app.py", line 5' in error.traceback


def test_a_missing_attribute_offers_near_names(apps):
    error = failure("main:apo")
    assert error.kind == "AttributeError"
    for fact in ("'main'", "'apo'", "did you mean", "'app'"):
        assert fact in error.message


def test_a_missing_attribute_offered_nothing_where_the_module_has_an_app(apps):
    message = failure("main:application").message
    assert message.endswith("; did you mean 'app'?")


def test_a_missing_attribute_further_down(apps):
    message = failure("pkg.mod:holder.apq").message
    for fact in ("'holder'", "'pkg.mod'", "'apq'", "did you mean", "'app'"):
        assert fact in message


def test_a_property_that_raises(tmp_path, monkeypatch):
    source = "class H:\n  @property\n  def app(self): raise OSError('no disk')\nholder = H()\n"
    (tmp_path / "property_of_this_test.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    error = failure("property_of_this_test:holder.app")
    assert "'app'" in error.message
    assert "'holder' in module 'property_of_this_test'" in error.message
    assert error.message.endswith(": no disk")
    assert "property_of_this_test.py" in error.traceback


@pytest.mark.parametrize(
    ("target", "factory", "expected"),
    [
        ("not_callable_app:app", False, ["'not_callable_app:app'", "not callable", "dict"]),
        ("not_callable_app:app", True, ["factory 'not_callable_app:app'", "not callable"]),
        ("not_callable_app:create_app", False, [errors.option("factory")]),
        ("not_callable_app:create_app", True, ["create_app()'", "not callable", "dict"]),
        ("not_callable_app:create_app()", False, ["'not_callable_app:create_app()'", "dict"]),
        ("not_callable_app:app()", False, ["factory 'not_callable_app:app'", "not callable"]),
        ("factory_app:not_an_app", True, ["not callable", "str"]),
        ("pkg.mod:Holder", False, [errors.option("interface"), "'asgi2'"]),
    ],
)
def test_an_object_that_is_not_an_application(apps, target, factory, expected):
    error = failure(target, factory)
    assert error.kind == "TypeError"
    for fact in expected:
        assert fact in error.message


def test_a_factory_that_raises(apps):
    error = failure("factory_app:raising", factory=True)
    assert error.kind == "ValueError"
    assert error.message.startswith("factory 'factory_app:raising'")
    assert ": the factory does not" in error.message
    assert "in raising" in error.traceback


def test_a_factory_that_wants_arguments(apps):
    message = failure("factory_app:wants_arguments", factory=True).message
    assert "missing 1 required positional argument: 'settings'" in message


def test_a_module_is_imported_once(apps):
    assert load_module("pkg.mod") is load_module("pkg.mod")


def test_a_callable_without_a_signature_is_accepted(tmp_path, monkeypatch):
    (tmp_path / "native_of_this_test.py").write_text("app = iter\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_app("native_of_this_test:app") is iter


@pytest.mark.parametrize("place", ["/nonexistent", "/etc/hostname"])
def test_a_module_was_not_reported_missing_if_sys_path_began_with_no_directory(monkeypatch, place):
    monkeypatch.syspath_prepend(place)
    with pytest.raises(importer.AppImportError, match="there is no module 'not_there'"):
        importer.load_module("not_there")
