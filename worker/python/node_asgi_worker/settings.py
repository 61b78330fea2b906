"""What Node tells the fork server once, as JSON.

Node sends every setting, because it has the defaults, and has checked their values.
"""

import json
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    app_target: str
    factory: bool
    interface: str
    threads: int
    preload: bool | tuple[str, ...]
    lifespan: str
    loop: str
    root_path: str
    # Microseconds.
    spin: int | None
    # Seconds; None is no limit.
    startup_timeout: float | None
    shutdown_timeout: float | None
    cancel_timeout: float | None
    # Whether processes of the same user may trace the workers, and core files are written.
    debug: bool
    # None: none. Otherwise "terminal" says whether Node shares its terminal, and "listen" is the
    # host and port where debugpy listens, or None.
    debugger: dict | None
    # By the name of the resource, without "RLIMIT_" and in lower case.
    limits: dict[str, int]
    # The directories that the application may "read" and "write"; None: all.
    allowed: dict[str, list[str]] | None
    # What to do to the application before it starts (preparation.py). Empty: nothing.
    preparation: dict

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Raises ValueError, which names the setting, for anything Node should not have sent."""
        try:
            raw = json.loads(text)
        except RecursionError as exc:
            raise ValueError("the settings are nested too deeply") from exc
        if not isinstance(raw, dict):
            raise ValueError(f"settings must be a JSON object, not {type(raw).__name__}")
        timeouts = _typed(raw, "timeouts", dict)
        return cls(
            app_target=_typed(raw, "appTarget", str),
            factory=_typed(raw, "factory", bool),
            interface=_typed(raw, "interface", str),
            threads=_typed(raw, "threads", int),
            preload=_preload(_value(raw, "preload")),
            lifespan=_typed(raw, "lifespan", str),
            loop=_typed(raw, "loop", str),
            root_path=_typed(raw, "rootPath", str),
            spin=_spin(_value(raw, "spin")),
            startup_timeout=_seconds(timeouts, "startup"),
            shutdown_timeout=_seconds(timeouts, "shutdown"),
            cancel_timeout=_seconds(timeouts, "cancel"),
            debug=_typed(raw, "debug", bool),
            debugger=_debugger(_value(raw, "debugger")),
            limits=_typed(raw, "limits", dict),
            allowed=_value(raw, "allowed"),
            preparation=_typed(raw, "preparation", dict),
        )


def _value(raw, name, where=""):
    if name not in raw:
        raise ValueError(f"setting '{where}{name}' is missing")
    return raw[name]


def _typed(raw, name, kind):
    value = _value(raw, name)
    if type(value) is not kind:  # For isinstance, True is an int.
        raise ValueError(f"setting {name!r} must be {kind.__name__}, not {value!r}")
    return value


def _spin(value):
    if value is None or type(value) is int:
        return value
    raise ValueError(f"setting 'spin' must be microseconds or null, not {value!r}")


def _preload(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(f"setting 'preload' must be a boolean or a list of modules, not {value!r}")


def _debugger(value):
    if value is None:
        return None
    if isinstance(value, dict) and isinstance(value.get("terminal"), bool):
        match value.get("listen"):
            case None | [str(), int()]:
                return {"terminal": value["terminal"], "listen": value.get("listen")}
    raise ValueError(f"setting 'debugger' must be null or an object, not {value!r}")


def _seconds(timeouts, name):
    value = _value(timeouts, name, "timeouts.")
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= sys.float_info.max:
        raise ValueError(f"setting 'timeouts.{name}' must be seconds, not {value!r}")
    return float(value)
