import threading

import pytest
from node_asgi_worker import threads


@pytest.fixture
def loaded(monkeypatch):
    def use(*files):
        monkeypatch.setattr(threads, "_loaded", lambda: set(files))

    return use


def test_threads_of_known_libraries_are_named(loaded):
    loaded("_polars_runtime.abi3.so")
    names = ["polars-0", "tokio-rt-worker", "jemalloc_bg_thd", "event_engine", "pt_autograd_0"]
    assert threads._explained([*names, "exporter"]) == [
        "3 of polars",
        "1 of gRPC",
        "1 of PyTorch",
        "exporter",
    ]


@pytest.mark.parametrize(
    ("file", "library", "variable"),
    [
        ("libscipy_openblas64_-1.so", "OpenBLAS", "OPENBLAS_NUM_THREADS=1"),
        ("libmkl_rt.so.2", "MKL", "MKL_NUM_THREADS=1"),
        ("libgomp-1.so.1.0.0", "OpenMP", "OMP_NUM_THREADS=1"),
        ("libiomp5.so", "OpenMP", "OMP_NUM_THREADS=1"),
    ],
)
def test_threads_without_a_name_are_explained_by_the_library_that_is_loaded(
    loaded, monkeypatch, file, library, variable
):
    loaded("libc.so.6", file)
    monkeypatch.setattr(threads, "_native_name", lambda task: "python (native)")
    [text] = threads._explained(["python (native)"] * 3)
    for fact in ("3 of", library, variable):
        assert fact in text


def test_a_fork_is_rehearsed_only_for_a_library_that_is_known_to_end_its_threads(
    loaded, monkeypatch
):
    rehearsed = []
    monkeypatch.setattr(threads, "_rehearse_fork", lambda: rehearsed.append(True))
    # Other tests of this process may have left native threads of libraries.
    before, others = threads.others(), threads.others

    def started_here():
        names = others()
        for name in before:
            if name in names:
                names.remove(name)
        return names

    monkeypatch.setattr(threads, "others", started_here)
    event = threading.Event()
    thread = threading.Thread(target=event.wait, name="exporter")
    thread.start()
    try:
        loaded("libgomp.so.1", "_polars_runtime.abi3.so")
        assert threads.left_running() == ["exporter"]
        assert rehearsed == []
        loaded("libopenblas.so.0")
        assert threads.left_running() == ["exporter"]
        assert rehearsed == [True]
    finally:
        event.set()
        thread.join()
    assert threads.left_running() == []
