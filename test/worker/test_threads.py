import os
import threading

import pytest
from node_asgi_worker import threads


@pytest.fixture
def loaded(monkeypatch):
    def use(*files):
        monkeypatch.setattr(
            threads.system, "loaded_files", lambda: {f"/lib/{file}" for file in files}
        )

    return use


def test_threads_of_known_libraries_are_named(loaded):
    loaded("_polars_runtime.abi3.so")
    names = ["polars-0", "tokio-rt-worker", "async-executor-1", "event_engine", "pt_autograd_0"]
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
        ("numexpr/interpreter.so", "numexpr", "NUMEXPR_NUM_THREADS=1"),
        ("cv2/cv2.abi3.so", "OpenCV", "OPENCV_FOR_THREADS_NUM=1"),
        ("libarrow.so.2600", "pyarrow", ""),
    ],
)
def test_threads_without_a_name_are_explained_by_the_library_that_is_loaded(
    loaded, monkeypatch, file, library, variable
):
    loaded("libc.so.6", file)
    monkeypatch.setattr(threads.system, "unnamed_thread", lambda: "python")
    [text] = threads._explained(["python (native)"] * 3)
    for fact in ("3 of", library, variable):
        assert fact in text


def test_threads_were_blamed_on_a_library_that_had_ended_its_own(loaded, monkeypatch):
    monkeypatch.setattr(threads.system, "unnamed_thread", lambda: "python")
    loaded("cv2/cv2.abi3.so", "libopenblas.so.0", "libgomp-e985.so.1")
    [text] = threads._explained(["python (native)"], ("openblas", "libgomp"))
    assert "OpenCV" in text
    assert "OpenBLAS" not in text
    assert "OpenMP" not in text


def test_a_folder_with_the_name_of_a_library_is_not_the_library(monkeypatch):
    monkeypatch.setattr(
        threads.system, "loaded_files", lambda: {"/srv/openblas/app/lib/python3/a.so"}
    )
    monkeypatch.setattr(threads.system, "unnamed_thread", lambda: "python")
    assert threads._explained(["python (native)"]) == ["python (native)"]


def test_openmp_is_to_blame_unless_every_copy_of_it_has_ended_its_threads(loaded, monkeypatch):
    loaded("a/libgomp.so.1", "b/libgomp.so.1", "libiomp5.so", "libc.so.6")
    tried = []
    monkeypatch.setattr(threads, "_pause", lambda path: tried.append(path) or "/b/" not in path)
    assert threads._pause_openmp() == ("libiomp5",)
    assert len(tried) == 3


def test_openmp_that_cannot_end_its_threads_is_no_error():
    assert not threads._pause("/nowhere/libgomp.so.1")
    assert not threads._pause("/usr/lib/libgomp.so.1 (deleted)")


def test_a_fork_is_rehearsed_only_for_a_library_that_is_known_to_end_its_threads(
    loaded, monkeypatch
):
    rehearsed = []

    def fork():
        rehearsed.append(True)
        return os.posix_spawn("/bin/true", ["true"], {})

    monkeypatch.setattr(threads, "fork", fork)
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
