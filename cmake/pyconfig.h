// What Python.h needs to know about the platform, for all platforms of cmake/platforms.cmake at
// once. An interpreter's own pyconfig.h describes only the machine that it was built on.
// Declarations of the limited API depend on no other setting.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SIZEOF_INT 4
#define SIZEOF_LONG 8
#define SIZEOF_LONG_LONG 8
#define SIZEOF_PID_T 4
#define SIZEOF_SIZE_T 8
#define SIZEOF_VOID_P 8
#define SIZEOF_WCHAR_T 4

static_assert(sizeof(int) == SIZEOF_INT);
static_assert(sizeof(long) == SIZEOF_LONG);
static_assert(sizeof(long long) == SIZEOF_LONG_LONG);
static_assert(sizeof(pid_t) == SIZEOF_PID_T);
static_assert(sizeof(size_t) == SIZEOF_SIZE_T);
static_assert(sizeof(void*) == SIZEOF_VOID_P);
static_assert(sizeof(wchar_t) == SIZEOF_WCHAR_T);
