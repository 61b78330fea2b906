"""What Node tells the fork server once, as JSON."""

import json
from dataclasses import dataclass

from node_asgi_worker.interfaces import INTERFACES

LIFESPAN_MODES = ("auto", "on", "off")
LOOPS = ("auto", "asyncio", "uvloop")


@dataclass(frozen=True)
class Settings:
    app_target: str
    factory: bool = False
    interface: str = "auto"
    threads: int = 10
    preload: bool | tuple[str, ...] = False
    lifespan: str = "auto"
    loop: str = "auto"
    root_path: str = ""
    # Microseconds.
    spin: int = 0
    # Seconds; None is no limit.
    startup_timeout: float | None = 30.0
    shutdown_timeout: float | None = 10.0
    cancel_timeout: float | None = 1.0

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Raises ValueError, naming the setting, for anything Node should not have sent."""
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError(f"settings must be a JSON object, not {type(raw).__name__}")
        timeouts = _typed(raw, "timeouts", dict, {})
        return cls(
            app_target=_typed(raw, "appTarget", str),
            factory=_typed(raw, "factory", bool, cls.factory),
            interface=_one_of(raw, "interface", INTERFACES),
            threads=_typed(raw, "threads", int, cls.threads),
            preload=_preload(raw.get("preload", False)),
            lifespan=_one_of(raw, "lifespan", LIFESPAN_MODES),
            loop=_one_of(raw, "loop", LOOPS),
            root_path=_typed(raw, "rootPath", str, cls.root_path),
            spin=_typed(raw, "spin", int, cls.spin),
            startup_timeout=_seconds(timeouts, "startup", cls.startup_timeout),
            shutdown_timeout=_seconds(timeouts, "shutdown", cls.shutdown_timeout),
            cancel_timeout=_seconds(timeouts, "cancel", cls.cancel_timeout),
        )


def _typed(raw, name, kind, default=None):
    value = raw.get(name, default)
    if not isinstance(value, kind):
        raise ValueError(f"setting {name!r} must be {kind.__name__}, not {value!r}")
    return value


def _one_of(raw, name, allowed):
    value = raw.get(name, "auto")
    if value not in allowed:
        raise ValueError(f"setting {name!r} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _preload(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(f"setting 'preload' must be a boolean or a list of modules, not {value!r}")


def _seconds(timeouts, name, default):
    value = timeouts.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"setting 'timeouts.{name}' must be seconds, not {value!r}")
    return float(value)
