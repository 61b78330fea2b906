#pragma once

#include <Python.h>

#include <cstddef>

#include "py/ref.h"

namespace nasgi::py {

// One member of a struct of interned strings, and how it is spelled.
template <class Names>
struct Spelling {
  Ref Names::* name;
  const char* text;
};

// Interns every string of the table. Needs the GIL. False: a Python exception is set, and the names
// must not be used.
template <class Names, size_t n>
[[nodiscard]] bool Intern(Names* names, const Spelling<Names> (&table)[n]) {
  for (const Spelling<Names>& spelling : table) {
    names->*spelling.name = Ref::Steal(PyUnicode_InternFromString(spelling.text));
    if (!(names->*spelling.name)) return false;
  }
  return true;
}

}  // namespace nasgi::py
