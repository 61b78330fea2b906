#pragma once

#include <Python.h>

#include <utility>
#include <vector>

#include "loop/method_names.h"
#include "py/ref.h"

namespace nasgi::worker {

// Futures of the event loop that wait for one condition.
//
// Thread safety: the loop's thread only, with the GIL held.
// Lifetime: keeps the futures until Wake or Clear.
// Failure: none. What a future raises when it is woken goes to sys.unraisablehook.
class Waiters {
 public:
  void Add(py::Ref future) { futures_.push_back(std::move(future)); }
  [[nodiscard]] bool empty() const { return futures_.empty(); }

  // Wakes all of them; each task then checks the condition again itself.
  void Wake(const MethodNames& names) {
    for (const py::Ref& future : std::exchange(futures_, {})) {
      // A cancelled future is done: its task knows already.
      const py::Ref done =
          py::Ref::Steal(PyObject_CallMethodObjArgs(future.get(), names.done.get(), nullptr));
      if (done && done.get() == Py_False) {
        const py::Ref set = py::Ref::Steal(
            PyObject_CallMethodObjArgs(future.get(), names.set_result.get(), Py_None, nullptr));
      }
      py::ReportUnraisable(future.get());
    }
  }

  [[nodiscard]] int Traverse(visitproc visit, void* arg) const {
    for (const py::Ref& future : futures_) {
      if (const int stop = py::Visit(visit, arg, future); stop != 0) return stop;
    }
    return 0;
  }
  void Clear() { futures_.clear(); }

 private:
  std::vector<py::Ref> futures_;
};

}  // namespace nasgi::worker
