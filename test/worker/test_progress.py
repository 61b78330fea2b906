import sys

from node_asgi_worker import logs, progress


def test_reports_each_package_once_and_leaves_sys_meta_path_as_it_was(monkeypatch, capsys):
    monkeypatch.setattr(logs, "goes_to_node", lambda stream: True)
    monkeypatch.setattr(logs, "mark", lambda text, level: text)
    before = list(sys.meta_path)
    for name in ("colorsys", "wave"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with progress.reported():
        import colorsys  # noqa: F401
        import wave  # noqa: F401
    assert sys.meta_path == before
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.split()[-1] in ("colorsys", "wave")] == [
        "node-asgi: importing colorsys",
        "node-asgi: importing wave",
    ]


def test_prints_nothing_where_node_does_not_read(monkeypatch, capsys):
    monkeypatch.setattr(logs, "goes_to_node", lambda stream: False)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with progress.reported():
        import colorsys  # noqa: F401
    assert capsys.readouterr().err == ""
