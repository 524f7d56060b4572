// SPDX-License-Identifier: Apache-2.0
// Tells AddressSanitizer of the switches between stacks that SystemC 2.3 keeps from it. Without them it takes the stack
// of a coroutine that has ended, unmapped since, for the current one: LeakSanitizer crashes where it looks there, and
// finds nothing that is lost on the main stack. SystemC 3 says everything itself.
//
// `sc_cor_pkg_qt::yield` announces a switch with the stack that it goes to, but has no bounds for the main one.
// `sc_cor_pkg_qt::abort`, the switch away from a thread that has returned, announces nothing.
#include <cstddef>

#include <dlfcn.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>

namespace {

/// What SystemC 2.3 keeps of a coroutine (`sc_cor_qt`, whose header is not installed), as far as it matters here.
struct coroutine {
    void* vtable;
    std::size_t stack_bytes;
    void* stack; ///< null: the main one
};

struct stack_bounds {
    void* bottom = nullptr;
    std::size_t bytes = 0;
};

stack_bounds stack_of_this_thread()
{
    stack_bounds bounds;
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
        ::pthread_attr_getstack(&attributes, &bounds.bottom, &bounds.bytes);
        ::pthread_attr_destroy(&attributes);
    }
    return bounds;
}

/// The next definition of the function that `name` stands for, after the one in this program.
template <class Function> Function* original(const char* name)
{
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

} // namespace

// sc_core::sc_cor_pkg_qt::abort(sc_cor*), as the library's table of virtual functions names it.
#define VIGIL_ABORT_SYMBOL "_ZN7sc_core13sc_cor_pkg_qt5abortEPNS_6sc_corE"

extern "C" {

void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t bytes)
{
    static auto* const start = original<decltype(__sanitizer_start_switch_fiber)>("__sanitizer_start_switch_fiber");
    static const stack_bounds main_stack = stack_of_this_thread(); // the first switch leaves the main stack
    if (bottom == nullptr) {
        start(fake_stack, main_stack.bottom, main_stack.bytes);
    } else {
        start(fake_stack, bottom, bytes);
    }
}

void vigil_abort_coroutine(void* package, coroutine* next) asm(VIGIL_ABORT_SYMBOL);
void vigil_abort_coroutine(void* package, coroutine* next)
{
    __sanitizer_start_switch_fiber(nullptr, next->stack, next->stack_bytes);
    original<void(void*, coroutine*)>(VIGIL_ABORT_SYMBOL)(package, next);
}

/// Runs first on the stack that `abort` switches to.
void* sc_cor_qt_aborthelp(void* /*stack_pointer*/, void* /*from*/, void* /*unused*/)
{
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
    return nullptr;
}
}
