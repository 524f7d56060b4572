// SPDX-License-Identifier: Apache-2.0
// In a source of its own: where the compiler sees both replacements and their callers, it inlines one and not the other
// and warns of a mismatch.
#include "live_bytes.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VIGIL_ADDRESS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define VIGIL_ADDRESS_SANITIZER
#endif

#if defined(VIGIL_ADDRESS_SANITIZER)

// The sanitizer has replaced operator new itself, and counts. (GCC's packages do not all have its header.)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();

std::size_t vigil::tests::live_bytes() noexcept { return __sanitizer_get_current_allocated_bytes(); }

#else

#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

std::size_t live = 0;

} // namespace

std::size_t vigil::tests::live_bytes() noexcept { return live; }

void* operator new(std::size_t size)
{
    void* const p = std::malloc(size == 0 ? 1 : size);
    if (p == nullptr) throw std::bad_alloc();
    live += malloc_usable_size(p);
    return p;
}

void operator delete(void* p) noexcept
{
    if (p != nullptr) live -= malloc_usable_size(p);
    std::free(p);
}

void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

#endif
