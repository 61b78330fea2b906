#include "loop/method_names.h"

#include "py/intern.h"

namespace nasgi::worker {

bool MethodNames::Init() {
  using Names = MethodNames;
  static const py::Spelling<Names> kTable[] = {{&Names::call_later, "call_later"},
                                               {&Names::call_soon, "call_soon"},
                                               {&Names::create_future, "create_future"},
                                               {&Names::done, "done"},
                                               {&Names::set_result, "set_result"},
                                               {&Names::cancel, "cancel"},
                                               {&Names::throw_, "throw"},
                                               {&Names::await, "__await__"}};
  return py::Intern(this, kTable);
}

}  // namespace nasgi::worker
