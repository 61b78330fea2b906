#pragma once

#include <Python.h>

#include <utility>
#include <vector>

#include "asgi/module_state.h"
#include "py/box.h"
#include "py/ref.h"

namespace nasgi::worker {

// Futures of the loop that wait for one condition.
class Waiters {
 public:
  void Add(py::Ref future) { futures_.push_back(std::move(future)); }
  [[nodiscard]] bool empty() const { return futures_.empty(); }

  // Wakes all; each looks at the condition again itself.
  void Wake(const Names& names) {
    for (const py::Ref& future : std::exchange(futures_, {})) {
      // A cancelled future is done: its task has been told.
      const py::Ref done =
          py::Ref::Steal(PyObject_CallMethodObjArgs(future.get(), names.done.get(), nullptr));
      if (done && done.get() == Py_False) {
        const py::Ref set = py::Ref::Steal(
            PyObject_CallMethodObjArgs(future.get(), names.set_result.get(), Py_None, nullptr));
      }
      py::ReportUnraisable(future.get());
    }
  }

  int Traverse(visitproc visit, void* arg) const {
    for (const py::Ref& future : futures_) {
      if (const int stop = py::Visit(future, visit, arg); stop != 0) return stop;
    }
    return 0;
  }
  void Clear() { futures_.clear(); }

 private:
  std::vector<py::Ref> futures_;
};

}  // namespace nasgi::worker
