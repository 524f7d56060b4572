// SPDX-License-Identifier: Apache-2.0
// Linked into a vigil-sim for tests, whose host fails it on demand.
//
// VIGIL_FAIL_ALLOCATION=N: the Nth allocation fails. VIGIL_FAIL_FD=FD: SIGUSR2 has the first allocation from then on
// fail, at the next time the second, and so on; FD is told of each time ('a') and of each failure ('f').
// VIGIL_NO_NAMES: no name is ever resolved, nor found not to be.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

int program_main(int argc, char* argv[]);

namespace {

std::atomic<long> left{0}; ///< allocations until one fails; 0: none does
std::atomic<long> armed{0};
int report = -1;

void tell(char what)
{
    const int before = errno;
    if (report >= 0 && ::write(report, &what, 1) < 0) std::abort();
    errno = before;
}

void* allocate(std::size_t size)
{
    if (left.load(std::memory_order_relaxed) > 0 && left.fetch_sub(1) == 1) {
        tell('f');
        return nullptr;
    }
    return std::malloc(size == 0 ? 1 : size);
}

void* allocate_or_throw(std::size_t size)
{
    void* const memory = allocate(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void arm(int)
{
    left = armed.fetch_add(1) + 1;
    tell('a');
}

} // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result)
{
    while (std::getenv("VIGIL_NO_NAMES") != nullptr) ::pause();
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(node, service, hints, result);
}

int main(int argc, char* argv[])
{
    if (const char* number = std::getenv("VIGIL_FAIL_FD")) {
        report = std::atoi(number);
        struct sigaction action = {};
        action.sa_handler = arm;
        action.sa_flags = SA_RESTART;
        ::sigaction(SIGUSR2, &action, nullptr);
    }
    if (const char* number = std::getenv("VIGIL_FAIL_ALLOCATION")) left = std::atol(number);
    return program_main(argc, argv);
}
