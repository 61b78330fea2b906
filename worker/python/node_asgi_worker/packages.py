"""Says how to install a package that the application lacks, in the way its environment was made."""

import importlib.util
import os
import sys

from node_asgi_worker import errors

# Packages on PyPI whose name is not that of the module.
DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "corsheaders": "django-cors-headers",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "distutils": "setuptools",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "environ": "django-environ",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "nacl": "pynacl",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socketio": "python-socketio",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Modules that many packages share, so that the name of the module does not tell the package.
SHARED = {"azure", "google", "zope"}
LONGEST_NAME = 200
# Names that conda has for packages of PyPI.
CONDA_NAMES = {"opencv-python": "opencv", "psycopg2-binary": "psycopg2"}
# The tool that owns the environment of a project, by a file in the project.
PROJECTS = {
    "uv.lock": "uv add",
    "poetry.lock": "poetry add",
    "pdm.lock": "pdm add",
    "Pipfile": "pipenv install",
}


def describe(exc: BaseException) -> tuple[str, str, str]:
    """As errors.describe(), for what ends the start: the message also says what to install."""
    kind, message, traceback = errors.describe(exc)
    return kind, message + _advice(exc), traceback


def _advice(exc: BaseException) -> str:
    name = exc.name if isinstance(exc, ModuleNotFoundError) else None
    if type(name) is not str or len(name) > LONGEST_NAME:
        return ""
    top = name.partition(".")[0]
    place = _place_of(top)
    if top in sys.stdlib_module_names:
        text = f"it belongs to Python, but {sys.executable} was built or installed without it"
        return f"; {text}: set {errors.option('python')} to an interpreter that is complete"
    if place is not None:
        return f"; {place} has no {name!r}: is it the right version, and is nothing else called so?"
    own = _own_module(top)
    if own is not None:
        text = f"; {own} exists: set {errors.option('docroot')} to {os.path.dirname(own)}"
        return text + ", or add that directory to PYTHONPATH"
    if top in SHARED:
        package = f"the package that provides {name!r}"
        return f"; install {package}, in the way of: {install_command('PACKAGE')}"
    return f"; to install it, run: {command_for(name)}"


def command_for(module: str) -> str:
    """The command that installs the package that a module is part of."""
    top = module.partition(".")[0]
    return install_command(DISTRIBUTIONS.get(top, top))


def install_command(distribution: str) -> str:
    """The command that installs a package into the environment of this interpreter."""
    prefix, python = sys.prefix, _quote(sys.executable)
    if os.path.isdir(os.path.join(prefix, "conda-meta")):
        return _conda_command(prefix, CONDA_NAMES.get(distribution, distribution))
    if prefix == sys.base_prefix:
        if not os.path.exists(os.path.join(_library(), "EXTERNALLY-MANAGED")):
            return f"{python} -m pip install {distribution}"
        # The system, or uv, forbids to install into it.
        venv = _quote(os.path.join(os.getcwd(), ".venv"))
        return f"{python} -m venv {venv} && {venv}/bin/python -m pip install {distribution}"
    project = _project(prefix)
    if project is not None:
        directory, command = project
        return f"cd {_quote(directory)} && {command} {distribution}"
    if _made_by_uv(prefix):
        return f"uv pip install --python {python} {distribution}"
    if importlib.util.find_spec("pip") is None:
        return f"{python} -m ensurepip && {python} -m pip install {distribution}"
    return f"{python} -m pip install {distribution}"


def _conda_command(prefix: str, package: str) -> str:
    project, pixi, _ = prefix.partition("/.pixi/envs/")
    if pixi:
        return f"cd {_quote(project)} && pixi add {package}"
    return f"conda install --prefix {_quote(prefix)} --channel conda-forge {package}"


def _project(prefix: str) -> tuple[str, str] | None:
    """The directory of the project that an environment belongs to, and how to add a package."""
    parent, name = os.path.split(prefix)
    candidates = [parent] if name == ".venv" else []
    if f"{os.sep}pypoetry{os.sep}" in prefix:
        candidates += _upwards(os.getcwd())
    candidates += filter(None, [_read(os.path.join(prefix, ".project")).strip()])  # by pipenv
    for directory in candidates:
        for file, command in PROJECTS.items():
            if os.path.isfile(os.path.join(directory, file)):
                return directory, command
    return None


def _made_by_uv(prefix: str) -> bool:
    lines = _read(os.path.join(prefix, "pyvenv.cfg")).splitlines()
    return any(line.partition("=")[0].strip() == "uv" for line in lines)


def _place_of(module: str) -> str | None:
    """Where a module is that can be imported."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return None if spec is None else spec.origin or f"the package {module!r}"


def _own_module(name: str) -> str | None:
    """A file or package next to the docroot that the application may mean."""
    docroot = os.getcwd()
    for directory in [os.path.dirname(docroot), *_subdirectories(docroot)]:
        for path in (f"{name}.py", os.path.join(name, "__init__.py")):
            if os.path.isfile(os.path.join(directory, path)):
                return os.path.join(directory, path.partition(os.sep)[0])
    return None


def _subdirectories(directory: str) -> list[str]:
    try:
        entries = [entry for entry in os.scandir(directory) if entry.is_dir()]
    except OSError:
        return []
    return sorted(entry.path for entry in entries if not entry.name.startswith("."))


def _upwards(directory: str) -> list[str]:
    parent = os.path.dirname(directory)
    return [directory] if parent == directory else [directory, *_upwards(parent)]


def _library() -> str:
    """The directory of Python's own library."""
    return os.path.dirname(os.__file__)


def _quote(text: str) -> str:
    import shlex  # Only an error needs it.

    return shlex.quote(text)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
